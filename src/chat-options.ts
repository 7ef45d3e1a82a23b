import type { PromptSetting } from './config/schema.ts';
import { SignalboxError } from './errors.ts';
import { commentOf, MAX_COMMENT, nameOf } from './flow/names.ts';
import { promptWish } from './flow/prompts.ts';
import type { RouteRequest } from './flow/route.ts';
import type { ForgetFilter } from './ledger/erasure.ts';
import { tagsOf } from './flow/tags.ts';
import type { RequestInfo } from './ledger/record.ts';
import { given, isObject } from './protocol/guards.ts';
import type { RouteDecision } from './reply.ts';

/** A request as a library user writes it: the body of OpenAI's chat completions, and Signalbox's wishes. */
export interface ChatOptions {
  readonly messages: readonly unknown[];
  /** An id, an alias, `auto` (the default) or `role/<name>`. */
  readonly model?: string;
  /** Carries out a decision that {@link Signalbox.route} made for the same request. */
  readonly decision?: RouteDecision;
  readonly strategy?: string;
  readonly role?: string;
  readonly session?: string;
  readonly user?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** The most that is to be kept of this prompt; `storage.prompts` may keep less. */
  readonly prompts?: PromptSetting;
  readonly signal?: AbortSignal;
  /** Any other field of the body: `tools`, `temperature`, `max_tokens`, `response_format`, … */
  readonly [field: string]: unknown;
}

/** A score for an earlier decision or a whole session. */
export interface FeedbackInput {
  readonly decisionId?: string;
  readonly session?: string;
  /** 0..1 */
  readonly score: number;
  readonly comment?: string;
}

/** Fields that are Signalbox's own, not the body's. */
const OWN_FIELDS = new Set(['decision', 'strategy', 'role', 'session', 'user', 'tags', 'prompts', 'signal', 'stream']);
/** Longer ones are cut, as the gateway's are. */
const MAX_TEXT = 200;

function wrong(name: string, expected: string, value: unknown): SignalboxError {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
  return new SignalboxError('invalid_request', `${name}: expected ${expected}, not ${got}`, { param: name });
}

/** Types do not hold what is not compiled: callers in JavaScript give anything. */
function textOf(options: object, name: string): string | undefined {
  const value: unknown = Reflect.get(options, name);
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, 'a string', value);
}

/**
 * The request that options mean, as far as routing is concerned.
 * @throws `invalid_request` with the option at fault.
 */
export function routeRequestOf(
  options: ChatOptions,
  stream: boolean,
): RouteRequest & { readonly parsed: Record<string, unknown> } {
  if (!Array.isArray(options.messages)) throw wrong('messages', 'an array of {role, content}', options.messages);
  const fields = Object.entries(options).filter(([name, value]) => !OWN_FIELDS.has(name) && value !== undefined);
  const model = textOf(options, 'model') ?? 'auto';
  const strategy = textOf(options, 'strategy');
  const role = textOf(options, 'role');
  const session = nameOf(textOf(options, 'session'));
  const tags: unknown = options.tags;
  if (tags !== undefined && !isObject(tags)) throw wrong('tags', 'an object of strings', tags);
  const parsed = { ...Object.fromEntries(fields), model, ...(stream ? { stream: true } : {}) };
  return {
    dialect: 'openai-chat',
    parsed,
    wishes: {
      model,
      ...(strategy === undefined ? {} : { strategy }),
      ...(role === undefined ? {} : { headerRole: role }),
    },
    ...(session === undefined ? {} : { session }),
    ...(tags === undefined ? {} : { tags: tagsOf(Object.entries(tags), 'tags') }),
  };
}

/**
 * Who asks and what for, for the ledger.
 * @throws `invalid_request` with the option at fault.
 */
export function infoOf(options: ChatOptions, requested: string): Pick<RequestInfo, 'requested' | 'user'> {
  const user = nameOf(textOf(options, 'user'));
  return { requested: requested.slice(0, MAX_TEXT), ...(user === undefined ? {} : { user }) };
}

/**
 * The most that is to be kept of the prompt.
 * @throws `invalid_request`
 */
export function promptsOf(options: ChatOptions): PromptSetting | undefined {
  return promptWish(textOf(options, 'prompts'), 'prompts');
}

/**
 * Checks whose requests are to be forgotten: of a filter that says nothing, nobody knows what it means.
 * @throws `invalid_request` with the field at fault.
 */
export function checkForget(whose: ForgetFilter): ForgetFilter {
  const { before } = whose;
  // Of a name of which nothing is left nobody knows whose it is; without it, all would be meant.
  const readName = (name: string): string | undefined => {
    const text = textOf(whose, name);
    if (text !== undefined && nameOf(text) === undefined)
      throw new SignalboxError('invalid_request', `${name}: expected a name`, { param: name });
    return name === 'key' ? text : nameOf(text);
  };
  const [key, session, user] = ['key', 'session', 'user'].map(readName);
  if (before !== undefined && !(typeof before === 'number' && Number.isFinite(before))) {
    throw wrong('before', 'epoch milliseconds', before);
  }
  if (key === undefined && session === undefined && user === undefined && before === undefined) {
    throw new SignalboxError('invalid_request', 'say whose requests: key, session, user or before');
  }
  return { key, session, user, before };
}

/**
 * A score as it is written: names and comment without control characters.
 * @throws `invalid_request` with the field at fault.
 */
export function checkFeedback(feedback: FeedbackInput): FeedbackInput {
  const { score } = feedback;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    throw new SignalboxError('invalid_request', `score: expected a number from 0 to 1, not ${String(score)}`, {
      param: 'score',
    });
  }
  const decisionId = textOf(feedback, 'decisionId');
  const session = nameOf(textOf(feedback, 'session'));
  const said = textOf(feedback, 'comment') ?? '';
  if (said.length > MAX_COMMENT) {
    throw new SignalboxError('invalid_request', `comment: expected at most ${MAX_COMMENT} characters`, {
      param: 'comment',
    });
  }
  if (decisionId === undefined && session === undefined) {
    throw new SignalboxError('invalid_request', 'feedback needs decisionId or session');
  }
  return { score, ...given({ decisionId, session, comment: commentOf(said) }) };
}
