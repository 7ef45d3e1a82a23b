import { SignalboxError } from '../errors.ts';
import { findJsonFault } from '../json-fault.ts';
import { isTooDeep, MAX_DEPTH } from './json-depth.ts';

const DECODER = new TextDecoder('utf-8', { fatal: true });

function positionOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}

/**
 * Refuses JSON that nobody could walk through.
 * @throws `invalid_json`
 */
export function checkDepth(json: string): void {
  if (isTooDeep(json)) throw new SignalboxError('invalid_json', `the body is nested deeper than ${MAX_DEPTH} levels`);
}

/**
 * The value of a JSON body. A byte order mark is tolerated.
 * @throws `invalid_json` with line and column of the first fault, or when it is nested too deep.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = DECODER.decode(bytes);
  } catch {
    throw new SignalboxError('invalid_json', `the body is not valid UTF-8 (${bytes.length} bytes)`);
  }
  if (text.trim() === '') throw new SignalboxError('invalid_json', 'the body is empty; expected a JSON object');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { at, message } = findJsonFault(text);
    throw new SignalboxError('invalid_json', `the body is not valid JSON: ${positionOf(text, at)}: ${message}`);
  }
  checkDepth(text);
  return value;
}
