import { ERRORS, SignalboxError, type ErrorCode } from '../errors.ts';
import type { Port } from '../state/port.ts';

/** The other process's end of a pipe between the two. */
export interface Pipe {
  send(message: object): void;
  onMessage(heard: (message: unknown) => void): void;
  /** The other process is gone. */
  onClose(gone: () => void): void;
}

/** What one process can ask of another, by name. */
type Tasks<T> = { readonly [K in keyof T]: (given: never) => Promise<unknown> };
type Given<T, K extends keyof T> = T[K] extends (given: infer G) => Promise<unknown> ? G : never;
type Result<T, K extends keyof T> = T[K] extends (given: never) => Promise<infer R> ? R : never;

/** Two processes that ask each other, and between which a state's messages go. */
export interface Line<Theirs extends Tasks<Theirs>> {
  /** Rejects with the other's error, or when it is gone. */
  ask<K extends keyof Theirs & string>(task: K, given: Given<Theirs, K>): Promise<Result<Theirs, K>>;
  readonly port: Port;
}

type Parcel =
  | { readonly kind: 'ask'; readonly id: number; readonly task: string; readonly given: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'state'; readonly messages: readonly unknown[] };

const KINDS: ReadonlySet<unknown> = new Set<Parcel['kind']>(['ask', 'done', 'failed', 'state']);

function isParcel(message: unknown): message is Parcel {
  return typeof message === 'object' && message !== null && 'kind' in message && KINDS.has(message.kind);
}

const codeOf = (error: unknown): ErrorCode =>
  SignalboxError.is(error) && Object.hasOwn(ERRORS, error.code) ? error.code : 'internal';

/** Speaks over a pipe, and does what the other end asks. Both ends are this program. */
export function createLine<Theirs extends Tasks<Theirs>, Ours extends Tasks<Ours>>(
  pipe: Pipe,
  tasks: Ours,
): Line<Theirs> {
  const asked = new Map<
    number,
    { readonly done: (result: unknown) => void; readonly failed: (error: Error) => void }
  >();
  const heard: ((messages: readonly unknown[]) => void)[] = [];
  let last = 0;
  let gone = false;
  const send = (parcel: Parcel): void => {
    if (!gone) pipe.send(parcel);
  };

  const work = async (id: number, task: string, given: unknown): Promise<void> => {
    try {
      const known = new Map<string, (given: never) => Promise<unknown>>(Object.entries(tasks));
      const result = await known.get(task)?.(given as never);
      send({ kind: 'done', id, result });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      send({ kind: 'failed', id, code: codeOf(error), message });
    }
  };

  pipe.onMessage((parcel) => {
    if (!isParcel(parcel)) return;
    if (parcel.kind === 'state') for (const hear of heard) hear(parcel.messages);
    else if (parcel.kind === 'ask') void work(parcel.id, parcel.task, parcel.given);
    else {
      const open = asked.get(parcel.id);
      asked.delete(parcel.id);
      if (parcel.kind === 'done') open?.done(parcel.result);
      else open?.failed(new SignalboxError(parcel.code, parcel.message));
    }
  });
  pipe.onClose(() => {
    gone = true;
    for (const { failed } of asked.values()) failed(new Error('the other process is gone'));
    asked.clear();
  });

  return {
    ask: (task, given) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(new Error('the other process is gone'));
        const id = ++last;
        asked.set(id, { done: (result) => resolve(result as never), failed: reject });
        send({ kind: 'ask', id, task, given });
      }),
    port: {
      send: (messages) => send({ kind: 'state', messages }),
      receive: (hear) => void heard.push(hear),
      closed: (done) => pipe.onClose(done),
    },
  };
}
