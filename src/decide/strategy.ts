import type { StrategySetting } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { Strategy } from './decision.ts';

/** The share of the reference's quality that a strategy keeps. */
export const KEEPS = { balanced: 0.98, 'cost-first': 0.9 } as const;

const NAMED = {
  'quality-first': { kind: 'quality-first' },
  balanced: { kind: 'keep-quality', keep: KEEPS.balanced, name: 'balanced' },
  'cost-first': { kind: 'keep-quality', keep: KEEPS['cost-first'], name: 'cost-first' },
  static: { kind: 'static' },
  cheapest: { kind: 'cheapest' },
  largest: { kind: 'largest' },
  random: { kind: 'random' },
  'round-robin': { kind: 'round-robin' },
} as const satisfies Record<string, Strategy>;

function isNamed(name: string): name is keyof typeof NAMED {
  return Object.hasOwn(NAMED, name);
}

/** The strategy that a config's setting means. */
export function strategyOf(setting: StrategySetting): Strategy {
  if (typeof setting === 'string') return NAMED[setting];
  if ('keepQuality' in setting) {
    const { keepQuality } = setting;
    return typeof keepQuality === 'number'
      ? { kind: 'keep-quality', keep: keepQuality, name: `keepQuality=${keepQuality}` }
      : {
          kind: 'keep-quality',
          keep: keepQuality.at,
          of: keepQuality.of,
          name: `keepQuality=${keepQuality.at} of ${keepQuality.of}`,
        };
  }
  if ('budgetPer1k' in setting) return { kind: 'budget', usdPer1k: setting.budgetPer1k };
  return { kind: 'weights', ...setting.weights };
}

/**
 * The strategy that a header means: a name, `keepQuality=0.97` or `budgetPer1k=2.5`.
 * @throws `invalid_request` that lists what is allowed.
 */
export function parseStrategy(text: string): Strategy {
  const written = text.trim();
  const name = written.toLowerCase();
  if (isNamed(name)) return NAMED[name];
  const [key, value] = written.split('=');
  const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
  if (key?.toLowerCase() === 'keepquality' && number >= 0 && number <= 1) {
    return { kind: 'keep-quality', keep: number, name: `keepQuality=${number}`, wish: true };
  }
  if (key?.toLowerCase() === 'budgetper1k' && number > 0 && Number.isFinite(number)) {
    return { kind: 'budget', usdPer1k: number };
  }
  throw new SignalboxError(
    'invalid_request',
    `unknown strategy "${written.slice(0, 60)}": use ${Object.keys(NAMED).join(', ')}, keepQuality=<0..1> or budgetPer1k=<usd>`,
    { param: 'x-signalbox-strategy' },
  );
}

/** A strategy as it is shown in headers and tables. */
export function strategyName(strategy: Strategy): string {
  switch (strategy.kind) {
    case 'keep-quality':
      return strategy.name;
    case 'budget':
      return `budgetPer1k=${strategy.usdPer1k}`;
    case 'weights':
      return `weights=${strategy.quality},${strategy.cost},${strategy.latency}`;
    default:
      return strategy.kind;
  }
}
