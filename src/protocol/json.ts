import { SignalboxError } from '../errors.ts';
import { findJsonFault } from '../json-fault.ts';

const DECODER = new TextDecoder('utf-8', { fatal: true });

function positionOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}

/**
 * The value of a JSON body. A byte order mark is tolerated.
 * @throws `invalid_json` with line and column of the first fault.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = DECODER.decode(bytes);
  } catch {
    throw new SignalboxError('invalid_json', `the body is not valid UTF-8 (${bytes.length} bytes)`);
  }
  if (text.trim() === '') throw new SignalboxError('invalid_json', 'the body is empty; expected a JSON object');
  try {
    return JSON.parse(text);
  } catch {
    const { at, message } = findJsonFault(text);
    throw new SignalboxError('invalid_json', `the body is not valid JSON: ${positionOf(text, at)}: ${message}`);
  }
}
