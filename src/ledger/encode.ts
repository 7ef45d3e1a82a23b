import { crc32 } from 'node:zlib';
import { isObject, list } from '../protocol/guards.ts';
import type { AttemptRecord, Rec } from './record.ts';
import { asRecord } from './record-guard.ts';

/** The journal format that this code writes and reads. */
export const JOURNAL_VERSION = 2;

/** The first line of a segment. */
export interface SegmentHeader {
  readonly signalbox: 'journal';
  readonly version: number;
  readonly source: string;
}

const CRC_CHARS = 8;

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(CRC_CHARS, '0');
}

function line(json: string): string {
  return `${checksum(json)} ${json}\n`;
}

function withCost({ cost, ...rest }: AttemptRecord) {
  return { ...rest, cost: cost === null ? null : String(cost) };
}

function plain(record: Rec): unknown {
  if (record.kind === 'intent') return { ...record, reserve: record.reserve === null ? null : String(record.reserve) };
  if (record.kind === 'feedback') return record;
  const { cost, baselineCost, attempts } = record;
  return {
    ...record,
    cost: cost === null ? null : String(cost),
    baselineCost: baselineCost === null ? null : String(baselineCost),
    attempts: attempts.map(withCost),
  };
}

/** A record as one line: CRC-32 in eight hex digits, a space, JSON, a newline. Money is a decimal string. */
export function encodeRecord(record: Rec): string {
  return line(JSON.stringify(plain(record)));
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
/** UTF-8 takes at most three bytes for one of JavaScript's characters. */
const MOST_BYTES = 3;

/**
 * Writes the line of {@link encodeRecord} into `target` from `at` on, without a string of the whole line.
 * @returns where the line ends; -1 when it may not fit.
 */
export function encodeInto(target: Buffer, at: number, record: Rec): number {
  const json = JSON.stringify(plain(record));
  const start = at + CRC_CHARS + 1;
  if (start + MOST_BYTES * json.length + 1 > target.length) return -1;
  target.write(checksum(json), at, 'latin1');
  target[start - 1] = SPACE;
  const end = start + target.write(json, start);
  target[end] = NEWLINE;
  return end + 1;
}

/** The line that starts a segment. */
export function encodeHeader(source: string): Buffer {
  return Buffer.from(
    line(JSON.stringify({ signalbox: 'journal', version: JOURNAL_VERSION, source } satisfies SegmentHeader)),
  );
}

const MONEY = ['reserve', 'cost', 'baselineCost'];

/** Makes amounts of the decimal strings that stand for them. */
function reviveMoney(fields: { [name: string]: unknown }): void {
  for (const name of MONEY) {
    const value = fields[name];
    if (typeof value === 'string' && /^-?\d{1,19}$/.test(value)) fields[name] = BigInt(value);
  }
}

function isHeader(value: unknown): value is SegmentHeader {
  return (
    typeof value === 'object' &&
    value !== null &&
    'signalbox' in value &&
    value.signalbox === 'journal' &&
    'version' in value &&
    typeof value.version === 'number' &&
    'source' in value &&
    typeof value.source === 'string'
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The places where an amount stands, in a value that nobody else has; free text and decision are left as they are. */
function withMoney(value: unknown): unknown {
  if (!isObject(value)) return value;
  reviveMoney(value);
  for (const attempt of list(value['attempts'])) if (isObject(attempt)) reviveMoney(attempt);
  return value;
}

/** What a line says (without its newline); `undefined` when it is damaged or says nothing this version knows. */
export function decodeLine(bytes: Buffer): Rec | SegmentHeader | undefined {
  const sum = bytes.toString('latin1', 0, CRC_CHARS);
  const json = bytes.subarray(CRC_CHARS + 1);
  if (bytes[CRC_CHARS] !== SPACE || !/^[0-9a-f]{8}$/.test(sum) || Number.parseInt(sum, 16) !== crc32(json)) {
    return undefined;
  }
  const value = parse(json.toString('utf8'));
  return isHeader(value) ? value : asRecord(withMoney(value));
}
