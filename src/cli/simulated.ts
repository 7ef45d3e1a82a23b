import type { ConfigInput } from '../config/schema.ts';

/**
 * A configuration of simulated models: no keys, no network, no cost. Skills and prices are made up; everything shown
 * of it says "simulated".
 */
export function simulatedConfig(options: { readonly port: number; readonly folder: string }): ConfigInput {
  return {
    server: { port: options.port },
    storage: { url: `file:${options.folder}/signalbox.db`, journal: `${options.folder}/journal` },
    providers: {
      simulated: {
        kind: 'simulated',
        seed: 7,
        models: {
          'sim-nano': { skill: { default: 0.35, transform: 0.5 }, firstToken: '8ms', tokensPerSecond: 4000 },
          'sim-small': {
            skill: { default: 0.6, arithmetic: 0.5, extraction: 0.8 },
            firstToken: '10ms',
            tokensPerSecond: 3000,
          },
          'sim-large': { skill: { default: 0.85, arithmetic: 0.8 }, firstToken: '15ms', tokensPerSecond: 2000 },
          'sim-giant': { skill: { default: 0.95 }, firstToken: '20ms', tokensPerSecond: 1500 },
        },
      },
    },
    models: [
      {
        id: 'nano',
        provider: 'simulated',
        model: 'sim-nano',
        quality: 0.45,
        price: { input: 0.05, output: 0.2 },
        contextWindow: 32_000,
        capabilities: [],
      },
      {
        id: 'small',
        provider: 'simulated',
        model: 'sim-small',
        quality: 0.65,
        price: { input: 0.15, output: 0.6 },
        contextWindow: 128_000,
        capabilities: ['json'],
      },
      {
        id: 'large',
        provider: 'simulated',
        model: 'sim-large',
        quality: 0.85,
        price: { input: 1, output: 4 },
        contextWindow: 128_000,
        capabilities: ['json', 'tools'],
      },
      {
        id: 'giant',
        provider: 'simulated',
        model: 'sim-giant',
        quality: 0.95,
        price: { input: 5, output: 20 },
        contextWindow: 200_000,
        capabilities: ['json', 'tools'],
      },
    ],
    routing: { router: 'complexity', default: 'giant' },
  };
}
