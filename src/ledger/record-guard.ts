import type { Price } from '../catalog/model.ts';
import { RATE_NAMES } from '../catalog/rates.ts';
import { isObject, type JsonObject } from '../protocol/guards.ts';
import type { Usage } from '../protocol/chat.ts';
import type { AttemptRecord, DecisionRecord, Feedback, Intent, Outcome, Rec } from './record.ts';

type Check = (value: unknown) => boolean;

const OUTCOME_STATUS = new Set<unknown>(['ok', 'failed', 'cancelled', 'interrupted']);
/** A store holds money in 64 bits. */
const MAX_NANO = 2n ** 63n - 1n;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isMoney: Check = (value) => typeof value === 'bigint' && value <= MAX_NANO && value >= -MAX_NANO;
const isId: Check = (value) => typeof value === 'string' && value !== '';
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isTags: Check = (value) => isObject(value) && Object.values(value).every(isText);

type Shape = readonly (readonly [field: string, check: Check])[];

function fits(value: unknown, shape: Shape): boolean {
  return isObject(value) && shape.every(([field, check]) => check(value[field]));
}

const REQUEST: Shape = Object.entries({
  dialect: isText,
  requested: isText,
  stream: isFlag,
  role: maybe(isText),
  key: maybe(isText),
  session: maybe(isText),
  user: maybe(isText),
  tags: maybe(isTags),
});

const STRATEGY: Shape = [['kind', isText]];

const DECISION: Shape = Object.entries({
  id: isId,
  at: isNumber,
  chosen: isText,
  reasonCode: isText,
  reason: isText,
  ranking: Array.isArray,
  dropped: Array.isArray,
  strategy: (value: unknown) => fits(value, STRATEGY),
  query: isObject,
  versions: isObject,
});

/** Counts that few calls have. */
export const OTHER_COUNTS = [
  'audioInput',
  'audioOutput',
  'imageInput',
  'imageOutput',
  'webSearches',
] as const satisfies readonly (keyof Usage)[];

const USAGE: Shape = Object.entries({
  input: isNumber,
  output: isNumber,
  cacheRead: maybe(isNumber),
  cacheWrite: maybe(isNumber),
  cacheWriteHour: maybe(isNumber),
  reasoning: maybe(isNumber),
  ...Object.fromEntries(OTHER_COUNTS.map((name) => [name, maybe(isNumber)])),
  estimated: maybe(isFlag),
});
/** Whether a value is a usage as it was written down. */
export function isUsage(value: unknown): value is Usage {
  return fits(value, USAGE);
}

const RATES: Shape = RATE_NAMES.map((name) => [name, maybe(isNumber)]);
const PROVENANCE: Shape = Object.entries({ source: isText, date: isText });
const isTier: Check = (value) => fits(value, [['above', isNumber], ...RATES]);

const PRICE: Shape = [
  ...RATES,
  ...Object.entries({
    input: isNumber,
    output: isNumber,
    request: maybe(isNumber),
    webSearch: maybe(isNumber),
    tiers: maybe((value) => Array.isArray(value) && value.every(isTier)),
    provenance: (value: unknown) => fits(value, PROVENANCE),
  }),
];

/** Whether a value is a price as it was written down. */
export function isPrice(value: unknown): value is Price {
  return fits(value, PRICE);
}

const ATTEMPT: Shape = Object.entries({
  model: isText,
  upstream: isText,
  provider: isText,
  status: maybe(isNumber),
  failure: maybe(isText),
  error: maybe(isText),
  startedAt: isNumber,
  firstByteMs: maybe(isNumber),
  ms: isNumber,
  usage: maybe(isUsage),
  cost: orNull(isMoney),
  price: maybe(isPrice),
  simulated: maybe(isFlag),
});

const PROMPT: Shape = Object.entries({
  version: maybe(isNumber),
  features: maybe(isText),
  body: maybe(isText),
  cut: maybe(isFlag),
});

const INTENT: Shape = Object.entries({
  id: isId,
  at: isNumber,
  reserve: orNull(isMoney),
  prompt: maybe((value) => fits(value, PROMPT)),
});

const OUTCOME: Shape = Object.entries({
  id: isId,
  at: isNumber,
  status: (value: unknown) => OUTCOME_STATUS.has(value),
  model: maybe(isText),
  provider: maybe(isText),
  httpStatus: isNumber,
  errorCode: maybe(isText),
  finishReason: maybe(isText),
  cached: maybe(isFlag),
  attempts: (value: unknown) => Array.isArray(value) && value.every(isAttempt),
  usage: maybe(isUsage),
  cost: orNull(isMoney),
  baselineCost: orNull(isMoney),
  ms: isNumber,
  firstByteMs: maybe(isNumber),
  overheadMs: isNumber,
});

const FEEDBACK: Shape = Object.entries({
  id: isId,
  at: isNumber,
  decisionId: maybe(isText),
  session: maybe(isText),
  score: isNumber,
  comment: maybe(isText),
  key: maybe(isText),
});

function isAttempt(value: unknown): value is AttemptRecord {
  return fits(value, ATTEMPT);
}

/** Whether a value is a decision as far as the ledger reads it; numbers inside estimates are not looked at. */
export function isDecisionRecord(value: unknown): value is DecisionRecord {
  return fits(value, DECISION);
}

function isIntent(value: JsonObject): value is JsonObject & Intent {
  return fits(value, INTENT) && fits(value['request'], REQUEST) && isDecisionRecord(value['decision']);
}

function isOutcome(value: JsonObject): value is JsonObject & Outcome {
  return fits(value, OUTCOME);
}

function isFeedback(value: JsonObject): value is JsonObject & Feedback {
  return fits(value, FEEDBACK);
}

/** The value as a record when it has the shape that a store relies on. Money must be a `bigint` that fits into 64 bits. */
export function asRecord(value: unknown): Rec | undefined {
  if (!isObject(value)) return undefined;
  if (value['kind'] === 'intent') return isIntent(value) ? value : undefined;
  if (value['kind'] === 'outcome') return isOutcome(value) ? value : undefined;
  if (value['kind'] === 'feedback') return isFeedback(value) ? value : undefined;
  return undefined;
}
