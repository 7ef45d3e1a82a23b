import type { ChatEvent } from '../chat.ts';
import type { EncoderOptions, EventWriter } from '../codec.ts';
import { createAnswer } from './answer.ts';
import { createSink, NO_SINK } from './sink.ts';

const ALIVE = Buffer.from(': keep-alive\n\n');

/** Whether an event is kept from a caller that asked for no reasoning: OpenAI shows none then. */
const isHidden = ({ type }: ChatEvent, { reasoning }: EncoderOptions): boolean =>
  reasoning === false && type === 'reasoning-delta';

/** Writes an answer as OpenAI's events, each with its number; the last one holds the whole response. */
export function writeOpenAIResponses(options: EncoderOptions): EventWriter {
  const sink = createSink(options.resume?.sequence ?? 0);
  const answer = createAnswer(sink, options);
  return {
    write(event) {
      if (event.type === 'ping' || isHidden(event, options)) return ALIVE;
      answer.write(event);
      return sink.take();
    },
    end(routing) {
      answer.end(routing);
      return sink.take();
    },
    get position() {
      return answer.position;
    },
  };
}

/** A whole answer. */
export function writeWholeOpenAIResponses(events: readonly ChatEvent[], options: EncoderOptions): Uint8Array {
  const answer = createAnswer(NO_SINK, options);
  for (const event of events) if (!isHidden(event, options)) answer.write(event);
  return Buffer.from(JSON.stringify(answer.end()));
}
