import { createJsonEnd, type JsonEnd } from '../json-end.ts';
import type { ChatEvent } from '../chat.ts';

/** What is said in items. */
export type ContentEvent = Extract<ChatEvent, { type: 'text-delta' | 'reasoning-delta' | 'tool-call-delta' }>;

/** What is said, one item after the other. */
export interface Teller {
  /** Begins a call; its arguments follow. */
  begin(event: Extract<ContentEvent, { type: 'tool-call-delta' }>): void;
  /** A piece of the arguments of the call that began last. */
  more(delta: string): void;
  /** Text or thoughts. */
  say(event: Exclude<ContentEvent, { type: 'tool-call-delta' }>): void;
}

/** Puts events into an order in which no item is told between two pieces of another. */
export interface CallOrder {
  tell(event: ContentEvent): void;
  /** Nothing more is coming: tells what waited. */
  settle(): void;
}

/** The call that is being told. */
interface OpenCall {
  readonly index: number;
  readonly json: JsonEnd;
  /** No more of it is waited for. */
  over: boolean;
}

/**
 * Parallel calls may come in pieces of each, and here an item ends before the next begins: what comes between two
 * pieces of a call waits until its arguments are whole.
 */
export function createCallOrder(teller: Teller): CallOrder {
  const told = new Set<number>();
  let call: OpenCall | undefined;
  let waiting: ContentEvent[] = [];

  const toolCall = (event: Extract<ContentEvent, { type: 'tool-call-delta' }>): void => {
    const { index, delta } = event;
    if (call?.index !== index) {
      // Its arguments were whole.
      if (told.has(index)) return;
      told.add(index);
      teller.begin(event);
      call = { index, json: createJsonEnd(), over: false };
    }
    if (delta === '' || call.over) return;
    teller.more(delta);
    call.over = call.json.add(delta);
    if (call.over) release();
  };
  const tell = (event: ContentEvent): void => {
    const own = event.type === 'tool-call-delta' && event.index === call?.index;
    if (call !== undefined && !call.over && !own) waiting.push(event);
    else if (event.type === 'tool-call-delta') toolCall(event);
    else {
      call = undefined;
      teller.say(event);
    }
  };
  const release = (): void => {
    const events = waiting;
    waiting = [];
    for (const event of events) tell(event);
  };

  return {
    tell,
    settle() {
      // Each turn ends one call at least.
      while (waiting.length > 0) {
        if (call !== undefined) call.over = true;
        release();
      }
    },
  };
}
