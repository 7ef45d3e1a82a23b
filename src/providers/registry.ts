import type { Clock, Random } from '../clock.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Config, ProviderConfig } from '../config/schema.ts';
import { createAiSdk } from './ai-sdk/ai-sdk.ts';
import { KEY_HEADERS } from './caller-key.ts';
import { createHost } from './host.ts';
import { PRESETS, presetOf } from './presets.ts';
import type { Provider } from './provider.ts';
import { createSimulated } from './simulated/simulated.ts';
import type { Transport } from './transport.ts';

export interface ProviderDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

/** Every `kind` that a configuration may name. */
export const PROVIDER_KINDS: readonly string[] = [...PRESETS.map(({ kind }) => kind), 'simulated', 'ai-sdk'];

/** Keys that only kind ai-sdk reads. */
const AI_SDK_KEYS = ['package', 'factory', 'options'] as const;

function createProvider(name: string, config: ProviderConfig, deps: ProviderDeps): Provider {
  if (config.kind === 'simulated') return createSimulated(name, config, deps.clock);
  if (config.kind === 'ai-sdk') return createAiSdk(name, config, deps.clock);
  const preset = presetOf(config.kind);
  if (preset === undefined) throw new RangeError(`kind ${config.kind} is unknown; the configuration was not checked`);
  return createHost(name, config, preset, deps);
}

/** One provider per entry of the config. */
export function createProviders(providers: Config['providers'], deps: ProviderDeps): ReadonlyMap<string, Provider> {
  return new Map(Object.entries(providers).map(([name, config]) => [name, createProvider(name, config, deps)]));
}

/** Configured headers that would say who calls. */
const KEY_HEADER = new Set<string>(KEY_HEADERS);

/** What keeps a provider from being called with callers' keys: a key of its own would be spent by whoever brings none. */
function callerKeyProblems(name: string, { kind, apiKey, headers }: ProviderConfig): ConfigProblem[] {
  const at = ['providers', name];
  const own = typeof apiKey === 'string' ? apiKey : (apiKey ?? []).join('');
  return [
    ...(presetOf(kind) === undefined && PROVIDER_KINDS.includes(kind)
      ? [{ path: [...at, 'callerKey'], message: `kind ${kind} cannot be called with callers’ keys` }]
      : []),
    ...(own === ''
      ? []
      : [
          {
            path: [...at, 'apiKey'],
            message: `callerKey: true calls "${name}" with each caller’s own key only: leave out apiKey, or give your key a provider of its own`,
          },
        ]),
    ...Object.keys(headers ?? {})
      .filter((header) => KEY_HEADER.has(header.toLowerCase()))
      .map((header) => ({
        path: [...at, 'headers', header],
        message: `callerKey: true sends each caller’s own key: leave out ${header}`,
      })),
  ];
}

/** What a schema cannot know: kinds, and base URLs that a kind needs. */
export function providerChecks({ providers, models }: Pick<Config, 'providers' | 'models'>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, config] of Object.entries(providers)) {
    const preset = presetOf(config.kind);
    if (!PROVIDER_KINDS.includes(config.kind)) {
      problems.push({
        path: ['providers', name, 'kind'],
        message: `unknown kind "${config.kind}"; known are ${PROVIDER_KINDS.join(', ')}. Any OpenAI-compatible host works as kind: openai with its baseUrl`,
      });
    }
    if (preset !== undefined && (config.baseUrl ?? preset.baseUrl) === undefined) {
      problems.push({ path: ['providers', name], message: `kind ${config.kind} needs baseUrl` });
    }
    if (config.kind === 'ai-sdk' && config.package === undefined) {
      problems.push({ path: ['providers', name], message: 'kind ai-sdk needs package, such as "@ai-sdk/google"' });
    }
    for (const key of AI_SDK_KEYS) {
      if (config.kind === 'ai-sdk' || config[key] === undefined) continue;
      problems.push({ path: ['providers', name, key], message: `kind ${config.kind} has no ${key}; kind ai-sdk has` });
    }
    if (config.callerKey) problems.push(...callerKeyProblems(name, config));
    const keys = typeof config.apiKey === 'string' ? [config.apiKey] : (config.apiKey ?? []);
    if (keys.some((key) => /[^\u0021-\u007E]/.test(key))) {
      problems.push({
        path: ['providers', name, 'apiKey'],
        message: 'must not contain spaces, line breaks or letters outside ASCII',
      });
    }
  }
  for (const [i, model] of models.entries()) {
    const upstreams = model.upstreams ?? [{ provider: model.provider ?? '', model: model.model ?? model.id }];
    for (const upstream of upstreams) {
      const provider = providers[upstream.provider];
      if (provider?.kind === 'simulated' && provider.models?.[upstream.model] === undefined) {
        problems.push({
          path: ['models', i],
          message: `provider "${upstream.provider}" simulates no model "${upstream.model}"; it has ${Object.keys(provider.models ?? {}).join(', ') || 'none'}; add it as providers.${upstream.provider}.models: { ${upstream.model}: { skill: { default: 0.8 } } }`,
        });
      }
    }
  }
  return problems;
}
