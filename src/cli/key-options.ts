import { keyInput, type KeyInput } from '../access/key-input.ts';
import { isZone } from '../calendar.ts';
import { nearestNames } from '../catalog/nearest.ts';
import { SCOPES } from '../config/schema.ts';
import { duration } from '../config/units.ts';
import { SignalboxError } from '../errors.ts';
import { listOf } from './lists.ts';
import { momentIn } from './moments.ts';
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
  expires: {
    type: 'string',
    description: 'When it ends: 90d, 2027-01-31 (UTC) or an ISO time (default: never)',
    valueHint: 'time',
  },
  rpm: { type: 'string', description: 'Requests per minute' },
  tpm: { type: 'string', description: 'Tokens per minute' },
  parallel: { type: 'string', description: 'Requests at once' },
  budget: { type: 'string', description: 'USD that it may spend per period' },
  per: { type: 'enum', options: PERIODS, description: 'The period of --budget (default: month)' },
  zone: { type: 'string', description: 'Time zone in which periods of --budget begin (default: UTC)' },
  'at-limit': {
    type: 'enum',
    options: AT_LIMIT,
    description: 'When --budget is spent: go on with the cheapest model, or refuse (default: cheapest)',
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
  readonly per?: string | undefined;
  readonly zone?: string | undefined;
  readonly 'at-limit'?: string | undefined;
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

function refused(message: string): SignalboxError {
  return new SignalboxError('invalid_request', message);
}

/** How a value of the command line stands in a message. */
const quoted = (text: string): string => `"${text.slice(0, 40)}"`;

/** The time of `--expires`; a plain date is its first moment, UTC. */
function expiryOf(text: string, now: number): string {
  const at = momentIn(text.trim(), 'UTC', now, 1);
  if (at === undefined || Number.isNaN(new Date(at).getTime())) {
    throw refused(`--expires takes 90d, 2027-01-31 or 2027-01-31T10:00:00Z, not ${quoted(text)}`);
  }
  if (at <= now) {
    throw refused(`--expires ${quoted(text)} lies in the past: it is ${new Date(now).toISOString()} now`);
  }
  return new Date(at).toISOString();
}

function scopesOf(text: string | undefined): string[] | undefined {
  const all: readonly string[] = SCOPES;
  const named = list(text);
  for (const scope of named ?? []) {
    if (all.includes(scope)) continue;
    const [near] = nearestNames(scope, all);
    const advice = near === undefined ? '' : `; did you mean "${near}"?`;
    throw refused(`--scopes takes ${SCOPES.join(', ')}, not ${quoted(scope)}${advice}`);
  }
  return named;
}

/** What may be spent; its options say nothing without it, and a key must not be unlimited by mistake. */
function budgetOf(args: KeyArgs) {
  const { budget: usd, per, zone, 'at-limit': atLimit } = args;
  if (usd === undefined) {
    const alone = (['per', 'zone', 'at-limit'] as const).find((name) => args[name] !== undefined);
    if (alone === undefined) return undefined;
    throw refused(`--${alone} needs --budget: without it the key may spend any sum`);
  }
  if (!/^\d*\.?\d+$/.test(usd) || !(Number(usd) > 0)) {
    throw refused(`--budget takes USD above 0, such as 20 or 0.5, not ${quoted(usd)}`);
  }
  if (zone !== undefined && !isZone(zone)) {
    throw refused(`--zone takes a time zone such as Europe/Berlin; there is no time zone ${quoted(zone)}`);
  }
  return { usd: Number(usd), per: per ?? 'month', zone, atLimit };
}

/**
 * What options ask a new key with.
 * @throws `invalid_request`
 */
export function keyInputOf(args: KeyArgs, now: number): KeyInput {
  const parsed = keyInput.safeParse({
    name: args.name,
    admin: args.admin,
    scopes: scopesOf(args.scopes),
    models: list(args.models),
    roles: list(args.roles),
    limits: limitsOf(args),
    budget: budgetOf(args),
    expires: args.expires === undefined ? undefined : expiryOf(args.expires, now),
  });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw refused(lines.join('; '));
}
