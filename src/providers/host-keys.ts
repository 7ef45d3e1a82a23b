import type { ProviderConfig } from '../config/schema.ts';
import type { CallerKey } from './caller-key.ts';
import type { Preset } from './presets.ts';
import { UpstreamFailure } from './provider.ts';
import { alsoWithout, createRedactor, type Redactor } from './redact.ts';

type Headers = Readonly<Record<string, string>>;

/** A provider's keys, in order; none for a host that takes none. */
function keysOf({ apiKey }: Pick<ProviderConfig, 'apiKey'>): readonly string[] {
  const keys = typeof apiKey === 'string' ? [apiKey] : (apiKey ?? []);
  return keys.filter((key) => key !== '');
}

function authOf(key: string | undefined, { auth }: Preset): Record<string, string> {
  if (key === undefined) return {};
  return auth === 'api-key' || auth === 'x-api-key' ? { [auth]: key } : { authorization: `Bearer ${key}` };
}

/** Headers of every call with one of the keys: the host's own, the configured ones, the key. */
export function baseHeaders(
  config: Pick<ProviderConfig, 'apiKey' | 'headers'>,
  preset: Preset,
  key: string | undefined = keysOf(config)[0],
): Record<string, string> {
  const auth = authOf(key, preset);
  const own = Object.fromEntries(
    Object.entries(config.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    ...preset.headers,
    ...own,
    ...auth,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream, application/x-ndjson',
  };
}

/** What one call is made with. */
export interface CallKeys {
  /** Which of the provider's keys, from 0. */
  readonly key: number;
  readonly callerKey?: CallerKey | undefined;
}

/** The keys of a host: its own, or each caller's. */
export interface HostKeys {
  /** Places in its pool; 1 for a host without any. */
  readonly places: number;
  /** Headers of a call that no caller makes. */
  readonly own: Headers;
  /** What a check says where there is no key: `missing`, or that callers bring theirs. */
  readonly state: 'there' | 'missing' | 'callers';
  /**
   * Headers of a call with its key.
   * @throws UpstreamFailure when the caller was to bring one.
   */
  headers(call: CallKeys): Headers;
  /** Takes the keys of a call out of what is said of its failure. */
  redactor(call: CallKeys): Redactor;
}

export function createHostKeys(config: ProviderConfig, preset: Preset): HostKeys {
  const keys = keysOf(config);
  const { callerKey: callers } = config;
  const pool = [keys[0], ...keys.slice(1)].map((key) => baseHeaders(config, preset, key));
  const [first = {}] = pool;
  const redactor = createRedactor(config);
  return {
    places: pool.length,
    own: first,
    state: callers ? 'callers' : keys.length > 0 ? 'there' : 'missing',
    headers({ key, callerKey }) {
      const own = pool[key] ?? {};
      if (!callers) return own;
      if (callerKey === undefined) throw new UpstreamFailure('auth', 'the caller brought no key', { unsent: true });
      return { ...own, ...callerKey.headers(preset.auth) };
    },
    redactor: ({ callerKey }) =>
      callers && callerKey !== undefined ? alsoWithout(redactor, callerKey.redact) : redactor,
  };
}
