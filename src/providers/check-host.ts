import { isObject, list, text } from '../protocol/guards.ts';
import { networkFailure } from './classify.ts';
import type { HostKeys } from './host-keys.ts';
import { readStart } from './read-start.ts';
import type { Preset } from './presets.ts';
import type { ProviderCheck } from './provider.ts';
import type { Transport } from './transport.ts';

const CONNECT_MS = 5000;
/** Lists of models can be long. */
const MAX_LIST_BYTES = 4 * 2 ** 20;

/** A host, as far as a check needs it. */
export interface Host {
  readonly base: string;
  /** Starts with `?`, or is empty. */
  readonly query: string;
  /** Headers of every call, the key's included. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly preset: Preset;
  readonly transport: Transport;
  readonly key: HostKeys['state'];
}

/** The models of a list, and whether these are all: some hosts tell theirs in pages. */
function listed(body: Buffer): { readonly names: readonly string[]; readonly whole: boolean } {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    const names = list(isObject(parsed) ? parsed['data'] : undefined).flatMap((row) =>
      isObject(row) ? (text(row['id']) ?? []) : [],
    );
    return { names, whole: !(isObject(parsed) && parsed['has_more'] === true) };
  } catch {
    return { names: [], whole: false };
  }
}

function modelsUrl({ base, query, preset }: Host): URL {
  return new URL(`${base}${preset.modelsPath ?? '/models'}${query}`);
}

/** Lists a host's models: shows that it can be reached and takes the key, and costs nothing. */
export async function checkHost(host: Host, signal: AbortSignal): Promise<ProviderCheck> {
  const { preset, transport, fixed } = host;
  const url = modelsUrl(host);
  if (host.key === 'missing' && (preset.auth ?? 'bearer') !== 'none') {
    return { ok: false, detail: `no apiKey${preset.keyEnv === undefined ? '' : `: set ${preset.keyEnv}`}` };
  }
  try {
    const answer = await transport.send({ url, method: 'GET', headers: fixed, signal, connect: CONNECT_MS });
    const body = await readStart(answer, MAX_LIST_BYTES);
    const { statusCode } = answer;
    if (host.key === 'callers' && (statusCode === 401 || statusCode === 403 || statusCode <= 299)) {
      return { ok: true, detail: `${url.host} answers; each caller brings its own key, so there is none to check` };
    }
    if (statusCode === 401 || statusCode === 403) {
      return { ok: false, detail: `${url.host} refused the key (status ${statusCode})` };
    }
    if (statusCode > 299) {
      return { ok: false, detail: `${url.host} answered with status ${statusCode} at ${url.pathname}` };
    }
    const { names, whole } = listed(body);
    const detail = `${url.host} answers${names.length === 0 ? '' : ` and lists ${names.length} models`}`;
    return { ok: true, detail, ...(whole ? { models: names } : {}) };
  } catch (error) {
    return { ok: false, detail: `cannot reach ${url.host}: ${networkFailure(error).message}` };
  }
}
