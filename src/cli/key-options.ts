import { keyInput, type KeyInput } from '../access/key-input.ts';
import { duration } from '../config/units.ts';
import { SignalboxError } from '../errors.ts';
import { listOf } from './lists.ts';
import { wholeNumber } from './numbers.ts';

/** Options that take several values. */
export const KEY_LISTS = ['scopes', 'models', 'roles'] as const;

const PERIODS = ['hour', 'day', 'week', 'month'];
const AT_LIMIT = ['cheapest', 'refuse'];

/** What a new key allows, as options. */
export const KEY_ARGS = {
  admin: { type: 'boolean', description: 'May see everyone’s requests, and manage' },
  scopes: {
    type: 'string',
    description: 'What it is for: inference, usage, feedback (default: all of them)',
    valueHint: 'names',
  },
  models: { type: 'string', description: 'The only models it may use (default: all)', valueHint: 'names' },
  roles: { type: 'string', description: 'The only roles it may use (default: all)', valueHint: 'names' },
  expires: { type: 'string', description: 'When it ends: 90d, or an ISO time (default: never)', valueHint: 'time' },
  rpm: { type: 'string', description: 'Requests per minute' },
  tpm: { type: 'string', description: 'Tokens per minute' },
  parallel: { type: 'string', description: 'Requests at once' },
  budget: { type: 'string', description: 'USD that it may spend per period' },
  per: { type: 'enum', options: PERIODS, default: 'month', description: 'The period' },
  zone: { type: 'string', default: 'UTC', description: 'Time zone in which periods begin' },
  'at-limit': {
    type: 'enum',
    options: AT_LIMIT,
    default: 'cheapest',
    description: 'When the budget is spent: use the cheapest model, or refuse',
  },
} as const;

interface KeyArgs {
  readonly name: string;
  readonly admin?: boolean | undefined;
  readonly scopes?: string | undefined;
  readonly models?: string | undefined;
  readonly roles?: string | undefined;
  readonly expires?: string | undefined;
  readonly rpm?: string | undefined;
  readonly tpm?: string | undefined;
  readonly parallel?: string | undefined;
  readonly budget?: string | undefined;
  readonly per: string;
  readonly zone: string;
  readonly 'at-limit': string;
}

const MAX = 1_000_000_000;

function limitsOf(args: KeyArgs): Record<string, number> | undefined {
  const given = (['rpm', 'tpm', 'parallel'] as const).flatMap((name): [string, number][] => {
    const text = args[name];
    return text === undefined ? [] : [[name, wholeNumber(text, name, 1, MAX)]];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function list(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : listOf(text, { commas: true });
}

/** A length of time from the command line, milliseconds. */
export function durationOf(text: string, name: string): number {
  const parsed = duration.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new SignalboxError(
    'invalid_request',
    `--${name} takes a length of time, such as 10m, 1h or 90d, not "${text.slice(0, 40)}"`,
  );
}

function isoOf(text: string, now: number): string {
  const length = duration.safeParse(text);
  return length.success ? new Date(now + length.data).toISOString() : text;
}

/**
 * What options ask a new key with.
 * @throws `invalid_request`
 */
export function keyInputOf(args: KeyArgs, now: number): KeyInput {
  const parsed = keyInput.safeParse({
    name: args.name,
    admin: args.admin,
    scopes: list(args.scopes),
    models: list(args.models),
    roles: list(args.roles),
    limits: limitsOf(args),
    budget:
      args.budget === undefined
        ? undefined
        : { usd: Number(args.budget), per: args.per, zone: args.zone, atLimit: args['at-limit'] },
    expires: args.expires === undefined ? undefined : isoOf(args.expires, now),
  });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SignalboxError('invalid_request', lines.join('; '));
}
