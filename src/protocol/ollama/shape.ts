import { isObject, list, text, type JsonObject } from '../guards.ts';

/** What a line, or a whole answer, says. */
export interface Said {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly unknown[];
}

/** What a line is to say; `calls` is JSON text. */
export interface Saying {
  readonly text: string;
  readonly thinking?: string;
  readonly calls?: string;
}

/** Where an answer keeps what the model said: the two paths of this wire differ in that alone. */
export interface Shape {
  said(body: JsonObject): Said;
  /** The fields of a line as JSON text, without braces. */
  written(saying: Saying): string;
}

function fields(name: string, { text: words, thinking, calls }: Saying): string {
  const thought = thinking === undefined ? '' : `,"thinking":${JSON.stringify(thinking)}`;
  return `"${name}":${JSON.stringify(words)}${thought}${calls === undefined ? '' : `,"tool_calls":${calls}`}`;
}

function saidIn(body: JsonObject, name: string): Said {
  return { text: text(body[name]) ?? '', thinking: text(body['thinking']) ?? '', calls: list(body['tool_calls']) };
}

/** `/api/chat`: a message. */
export const CHAT: Shape = {
  said: ({ message }) => saidIn(isObject(message) ? message : {}, 'content'),
  written: (saying) => `"message":{"role":"assistant",${fields('content', saying)}}`,
};

/** `/api/generate`: the fields themselves. */
export const GENERATE: Shape = {
  said: (body) => saidIn(body, 'response'),
  written: (saying) => fields('response', saying),
};
