import { wholeBody, type AnswerBody } from '../flow/body.ts';

/** A response before it goes out through Node or as a Fetch `Response`. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

/** A reply whose body is known as JSON bytes or as a value. */
export function jsonReply(status: number, headers: Readonly<Record<string, string>>, body: unknown): Reply {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: wholeBody(bytes) };
}
