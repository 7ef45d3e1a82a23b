import { asBuffer } from './bytes.ts';

/** Byte codes of JSON's punctuation. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** One field of a request that changes. */
export interface FieldEdit {
  readonly field: string;
  /** Its new value. */
  readonly value?: unknown;
  /** Instead: one more item at the end of the list that it is. */
  readonly append?: unknown;
}

/** The edits that are ever made to a request. */
export interface RequestPatch {
  /** The model's name at the upstream. */
  readonly model: string;
  /** Asks for the usage chunk of a stream. */
  readonly includeUsage: boolean;
  /** Changes the conversation: what another model proved to have thought, or an answer's beginning at its end. */
  readonly edits?: readonly FieldEdit[];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Members {
  /** Value ranges by decoded key, in order. */
  readonly model: readonly Range[];
  readonly streamOptions: readonly Range[];
  readonly includeUsage: readonly Range[];
  /** Offset of the closing brace. */
  readonly close: number;
  readonly empty: boolean;
}

/** Offset just past the string that starts at `start`. */
function skipString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH && quote - 1 - backslashes > start) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Offset just past the value that starts at `start`. */
function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return skipString(bytes, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at];
      if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break;
      at++;
    }
    return at;
  }
  let depth = 0;
  for (let at = start; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
    at++;
  }
  return bytes.length;
}

/** Walks the members of the object whose brace is at `start`. */
function* members(bytes: Buffer, start: number): Generator<{ readonly key: Range; readonly value: Range }, number> {
  let at = start + 1;
  for (;;) {
    while (isSpace(bytes[at]) || bytes[at] === COMMA) at++;
    if (at >= bytes.length || bytes[at] === CLOSE_BRACE) return at;
    const keyEnd = skipString(bytes, at);
    const key = { start: at, end: keyEnd };
    at = keyEnd;
    while (isSpace(bytes[at]) || bytes[at] === COLON) at++;
    const value = { start: at, end: skipValue(bytes, at) };
    yield { key, value };
    at = value.end;
  }
}

function keyName(bytes: Buffer, { start, end }: Range): string {
  const raw = bytes.toString('latin1', start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  const decoded: unknown = JSON.parse(bytes.toString('utf8', start, end));
  return typeof decoded === 'string' ? decoded : '';
}

function valuesOf(
  bytes: Buffer,
  start: number,
  name: string,
): { readonly values: Range[]; readonly close: number; readonly empty: boolean } {
  const values: Range[] = [];
  const walk = members(bytes, start);
  let empty = true;
  for (;;) {
    const step = walk.next();
    if (step.done === true) return { values, close: step.value, empty };
    empty = false;
    if (keyName(bytes, step.value.key) === name) values.push(step.value.value);
  }
}

/** Whether a server may read a member as the model: those written in Go do not mind its case. */
function isModel(name: string): boolean {
  return name === 'model' || (name.length === 5 && name.toLowerCase() === 'model');
}

function find(bytes: Buffer, start: number): Members {
  const model: Range[] = [];
  const streamOptions: Range[] = [];
  let empty = true;
  const walk = members(bytes, start);
  for (;;) {
    const step = walk.next();
    if (step.done === true) {
      const last = streamOptions.at(-1);
      const options =
        last !== undefined && bytes[last.start] === OPEN_BRACE
          ? valuesOf(bytes, last.start, 'include_usage')
          : undefined;
      return { model, streamOptions, includeUsage: options?.values ?? [], close: step.value, empty };
    }
    empty = false;
    const name = keyName(bytes, step.value.key);
    if (isModel(name)) model.push(step.value.value);
    else if (name === 'stream_options') streamOptions.push(step.value.value);
  }
}

interface Edit extends Range {
  readonly text: string;
}

function usageEdits(bytes: Buffer, found: Members): Edit[] {
  // Of repeated keys the last counts, so only the last is edited.
  const options = found.streamOptions.at(-1);
  if (options === undefined) return [];
  if (bytes[options.start] !== OPEN_BRACE) return [{ ...options, text: '{"include_usage":true}' }];
  if (found.includeUsage.length > 0) return found.includeUsage.map((range) => ({ ...range, text: 'true' }));
  const { empty } = valuesOf(bytes, options.start, '');
  return [
    {
      start: options.start + 1,
      end: options.start + 1,
      text: empty ? '"include_usage":true' : '"include_usage":true,',
    },
  ];
}

/** Edits of a field that is there. */
function fieldEdits(bytes: Buffer, start: number, { field, value, append }: FieldEdit): Edit[] {
  const ranges = valuesOf(bytes, start, field).values;
  if (append === undefined) return ranges.map((range) => ({ ...range, text: JSON.stringify(value) }));
  const lists = ranges.filter((range) => bytes[range.start] === OPEN_BRACKET);
  return lists.map((range) => {
    const close = range.end - 1;
    const empty = bytes.toString('latin1', range.start + 1, close).trim() === '';
    return { start: close, end: close, text: (empty ? '' : ',') + JSON.stringify(append) };
  });
}

/**
 * Replaces `model`, makes `edits`, and sets `stream_options.include_usage` where asked, in the bytes of a JSON object: every other
 * byte stays as it is. The bytes must have been parsed before; linear in their length.
 */
export function patchRequest(body: Uint8Array, patch: RequestPatch): Uint8Array {
  const bytes = asBuffer(body);
  const start = bytes.indexOf(OPEN_BRACE);
  if (start === -1) return body;
  const found = find(bytes, start);
  const edits: Edit[] = found.model.map((range) => ({ ...range, text: JSON.stringify(patch.model) }));
  for (const edit of patch.edits ?? []) edits.push(...fieldEdits(bytes, start, edit));
  const missing: string[] = found.model.length === 0 ? [`"model":${JSON.stringify(patch.model)}`] : [];
  if (patch.includeUsage) {
    edits.push(...usageEdits(bytes, found));
    if (found.streamOptions.length === 0) missing.push('"stream_options":{"include_usage":true}');
  }
  if (missing.length > 0) {
    edits.push({ start: found.close, end: found.close, text: (found.empty ? '' : ',') + missing.join(',') });
  }
  edits.sort((a, b) => a.start - b.start);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const edit of edits) {
    parts.push(bytes.subarray(at, edit.start), Buffer.from(edit.text));
    at = edit.end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
