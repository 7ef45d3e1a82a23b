import type { Clock } from '../clock.ts';
import { isPromptSetting, leastKept } from '../config/prompts.ts';
import { PROMPTS, type PromptSetting } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { PromptRecord } from '../ledger/record.ts';
import { asBuffer } from '../protocol/bytes.ts';
import { FEATURE_VERSION } from '../query/features.ts';
import { ngramsOf } from '../query/ngrams.ts';
import { packNgrams } from '../query/packed-ngrams.ts';
import type { Log } from '../telemetry/log.ts';
import type { AnswerRequest } from './passage.ts';
import { withoutQuotesOf, type WithoutQuotes } from './quotes.ts';
import { createRedaction, redactValue, type Redact } from './redact.ts';
import type { Routed } from './route.ts';
import type { Snapshot } from './snapshot.ts';

/** Bytes of a request's body that are kept. */
export const MAX_BODY = 64 * 1024;
/** Requests a second, on average, whose features are kept, in a process: more would teach little more, and fill disks. */
const PER_SECOND = 5;
/** Those that may come at once after a pause. */
const BURST = 200;

export const PROMPTS_HEADER = 'x-signalbox-prompts';

/** Takes what is kept of prompts. */
export interface Prompts {
  /** What is kept of this one; undefined = nothing. Never throws. */
  of(request: AnswerRequest, routed: Routed, snapshot: Snapshot): PromptRecord | undefined;
  /** What may be told of a message about this request: all of it where its whole prompt is kept, else no quotations. */
  words(request: AnswerRequest, routed: Routed, snapshot: Snapshot): WithoutQuotes;
}

/**
 * A caller's wish about its prompt.
 * @throws `invalid_request` when it makes no sense
 */
export function promptWish(word: string | undefined, param: string): PromptSetting | undefined {
  const wish = word?.trim().toLowerCase();
  if (wish === undefined || isPromptSetting(wish)) return wish;
  throw new SignalboxError('invalid_request', `${param}: expected ${PROMPTS.join(', ')}`, { param });
}

/** What is kept of a request's prompt: the least that storage, role and caller ask for. */
function keptOf(
  { dialect, prompts }: Pick<AnswerRequest, 'dialect' | 'prompts'>,
  { plan: { role } }: Pick<Routed, 'plan'>,
  { config }: Pick<Snapshot, 'config'>,
): PromptSetting {
  // Vectors are made of documents: nobody asks anything there.
  if (dialect === 'openai-embeddings') return 'none';
  return leastKept(config.storage.prompts, role === undefined ? undefined : config.roles[role]?.prompts, prompts);
}

const asTheyAre: WithoutQuotes = (message) => message;

/** The beginning of a text that has room in `most` bytes, whole characters. */
function beginning(bytes: Buffer, most: number): string {
  let end = most;
  // A byte that goes on with a character is not cut off from its first one.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function bodyOf(bytes: Buffer): Pick<PromptRecord, 'body' | 'cut'> {
  return bytes.length > MAX_BODY ? { body: beginning(bytes, MAX_BODY), cut: true } : { body: bytes.toString('utf8') };
}

/** Grants {@link PER_SECOND} on average, {@link BURST} at once. */
function createSampler(clock: Clock): () => boolean {
  let left = BURST;
  let last = clock.elapsed();
  return () => {
    const now = clock.elapsed();
    left = Math.min(BURST, left + ((now - last) / 1000) * PER_SECOND);
    last = now;
    if (left < 1) return false;
    left--;
    return true;
  };
}

/** {@link Prompts}; `redact` takes the place of the configuration's own function. */
export function createPrompts(clock: Clock, log: Log, redact?: Redact): Prompts {
  const sampled = createSampler(clock);
  const apply = createRedaction(clock, log);

  const featuresOf = ({ query, features }: Routed, clean: Redact | undefined): PromptRecord | undefined => {
    const { instruction } = query;
    const text = clean === undefined ? instruction : apply(clean, instruction);
    if (text === undefined) return undefined;
    // What the router has counted is counted once, unless something was taken out since.
    const ngrams = (text === instruction ? features.ngrams : undefined) ?? ngramsOf(text);
    return { version: FEATURE_VERSION, features: Buffer.from(packNgrams(ngrams)).toString('base64') };
  };
  const cleanBody = (parsed: unknown, clean: Redact): Buffer | undefined => {
    let failed = false;
    const value = redactValue(parsed, (text) => {
      const kept = failed ? undefined : apply(clean, text);
      failed ||= kept === undefined;
      return kept;
    });
    return failed ? undefined : Buffer.from(JSON.stringify(value));
  };
  const all = (
    { body, parsed }: AnswerRequest,
    routed: Routed,
    setting: PromptSetting,
    clean: Redact | undefined,
  ): PromptRecord | undefined => {
    const features = sampled() ? featuresOf(routed, clean) : undefined;
    if (setting !== 'full') return features;
    const bytes = clean === undefined ? asBuffer(body) : cleanBody(parsed, clean);
    return bytes === undefined ? undefined : { ...features, ...bodyOf(bytes) };
  };

  return {
    of(request, routed, snapshot) {
      const setting = keptOf(request, routed, snapshot);
      if (setting === 'none') return undefined;
      try {
        return all(request, routed, setting, redact ?? snapshot.redact);
      } catch {
        log.warn({ request: request.id }, 'what is to be kept of a prompt could not be taken');
        return undefined;
      }
    },
    words: (request, routed, snapshot) =>
      keptOf(request, routed, snapshot) === 'full' && (redact ?? snapshot.redact) === undefined
        ? asTheyAre
        : withoutQuotesOf(request.parsed),
  };
}
