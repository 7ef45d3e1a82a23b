import type { Clock } from '../clock.ts';
import { goDuration } from '../providers/go-duration.ts';
import { LONGEST_MS } from './cool-down.ts';

type Headers = Readonly<Record<string, string>>;

/** What is left until a rate limit is reset. */
interface Allowance {
  readonly remaining: number;
  /** Epoch milliseconds. */
  readonly resetAt: number;
}

/** What a provider says is left. Input counts against `tokens` and `input` alike. */
interface Allowances {
  readonly requests?: Allowance;
  readonly tokens?: Allowance;
  readonly input?: Allowance;
  readonly output?: Allowance;
}

/** Names of the headers: OpenAI's and its followers', then Anthropic's. */
const HEADERS: readonly (readonly [keyof Allowances, remaining: string, reset: string])[] = [
  ['requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['tokens', 'x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['requests', 'anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['tokens', 'anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['input', 'anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['output', 'anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
];

const COUNT = /^\d{1,12}$/;
const SECONDS = /^\d{1,6}(?:\.\d+)?$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T/;

/** When a limit is reset, epoch milliseconds: a duration as Go writes it, seconds, or a time of RFC 3339. */
function resetAtOf(reset: string, now: number): number | undefined {
  const wait = SECONDS.test(reset) ? Number(reset) * 1000 : goDuration(reset);
  const at = wait === undefined ? (RFC3339.test(reset) ? Date.parse(reset) : Number.NaN) : now + wait;
  return Number.isNaN(at) ? undefined : Math.min(at, now + LONGEST_MS);
}

/** What the headers of an answer say is left; undefined when they say nothing that makes sense. */
export function allowancesOf(headers: Headers, now: number): Allowances | undefined {
  let found: Record<string, Allowance> | undefined;
  for (const [name, remaining, reset] of HEADERS) {
    const left = headers[remaining];
    const until = headers[reset];
    if (left === undefined || until === undefined || !COUNT.test(left)) continue;
    const resetAt = resetAtOf(until, now);
    if (resetAt !== undefined) (found ??= {})[name] = { remaining: Number(left), resetAt };
  }
  return found;
}

/** One key at one upstream. */
interface Account {
  allowances: Allowances | undefined;
  /** Calls whose answer has not begun, and their input tokens: no header has told of them. */
  calls: number;
  tokens: number;
}

/** One call, until its answer tells what is left. */
export interface Draft {
  readonly account: Account;
  readonly inputTokens: number;
  open: boolean;
}

/** What is left of the rate limits at each upstream, by key, from the headers of answers. */
export interface Headroom {
  began(upstream: string, key: number, inputTokens: number): Draft;
  /** Its answer has begun, or failed. */
  told(draft: Draft, headers: Headers): void;
  /** Set while a call of so many input tokens would be refused. Calls in flight count. */
  lacking(upstream: string, key: number, inputTokens: number): { readonly until: number } | undefined;
  clear(): void;
}

/** When the limit is reset, epoch milliseconds, if less is left than is needed; else 0. */
function resetOf(allowance: Allowance | undefined, used: number, needed: number): number {
  return allowance !== undefined && allowance.remaining - used < needed ? allowance.resetAt : 0;
}

/** {@link Headroom} of one process. */
export function createHeadroom(clock: Clock): Headroom {
  const accounts = new Map<string, Account[]>();
  // Most hosts tell nothing: then nothing is looked up.
  let told = false;

  const accountOf = (upstream: string, key: number): Account => {
    let keys = accounts.get(upstream);
    if (keys === undefined) accounts.set(upstream, (keys = []));
    return (keys[key] ??= { allowances: undefined, calls: 0, tokens: 0 });
  };

  return {
    began(upstream, key, inputTokens) {
      const account = accountOf(upstream, key);
      account.calls++;
      account.tokens += inputTokens;
      return { account, inputTokens, open: true };
    },
    told(draft, headers) {
      if (!draft.open) return;
      draft.open = false;
      const { account, inputTokens } = draft;
      account.calls--;
      account.tokens -= inputTokens;
      const allowances = allowancesOf(headers, clock.now());
      if (allowances === undefined) return;
      account.allowances = allowances;
      told = true;
    },
    lacking(upstream, key, inputTokens) {
      if (!told) return undefined;
      const account = accounts.get(upstream)?.[key];
      if (account?.allowances === undefined) return undefined;
      const { allowances, calls, tokens } = account;
      const until = Math.max(
        resetOf(allowances.requests, calls, 1),
        resetOf(allowances.tokens, tokens, inputTokens),
        resetOf(allowances.input, tokens, inputTokens),
        resetOf(allowances.output, 0, 1),
      );
      return until > 0 && until > clock.now() ? { until } : undefined;
    },
    clear() {
      accounts.clear();
      told = false;
    },
  };
}
