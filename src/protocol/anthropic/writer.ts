import type { ChatEvent, FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions, EventWriter } from '../codec.ts';
import { START, type Position } from '../tap.ts';
import { createBlocks, eventBytes } from './blocks.ts';
import { typeOf } from './error.ts';
import { anthropicUsage, messageId, stopReasonOf } from './usage.ts';
import type { Mutable } from '../mutable.ts';

const PING = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n');

/** Writes Anthropic's stream: one content block at a time, stop reason and usage in `message_delta`. */
export function writeAnthropic(options: EncoderOptions): EventWriter {
  const { resume, inputTokens } = options;
  const position: Mutable<Position> = { ...(resume ?? START) };
  let finish: FinishReason | undefined;
  let stopSequence: string | undefined;
  let usage: Usage | undefined;
  let failed = false;

  const begin = (): Buffer[] => {
    if (position.begun) return [];
    position.begun = true;
    position.id = messageId(position.id ?? options.id);
    position.model ??= options.model;
    const message = {
      id: position.id,
      type: 'message',
      role: 'assistant',
      model: position.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: anthropicUsage({ ...(usage ?? { input: inputTokens }), output: 0 }),
    };
    return [eventBytes('message_start', { message })];
  };
  const blocks = createBlocks(position, begin, options.id);
  const write = (event: ChatEvent): Buffer[] => {
    switch (event.type) {
      case 'response-metadata':
        if (position.begun) return [];
        if (event.id !== undefined) position.id = event.id;
        if (event.model !== undefined) position.model = event.model;
        return begin();
      case 'reasoning-delta':
        if (options.reasoning === false) return [PING];
        return alive(blocks.write(event));
      case 'text-delta':
      case 'tool-call-delta':
        return alive(blocks.write(event));
      case 'finish':
        finish = event.finishReason;
        stopSequence = event.stopSequence;
        return blocks.end();
      case 'usage':
        usage = event.usage;
        return [];
      case 'ping':
        return [PING];
      default:
        failed = true;
        return [eventBytes('error', { error: { type: typeOf(event.status ?? 500), message: event.message } })];
    }
  };

  return {
    write(event) {
      const out = write(event);
      return out.length > 1 ? Buffer.concat(out) : out[0];
    },
    end(routing) {
      if (failed) return undefined;
      const opening = [...begin(), ...blocks.end()];
      const messageDelta = {
        delta: {
          stop_reason: stopReasonOf(finish, stopSequence, position.toolCalls > 0),
          stop_sequence: stopSequence ?? null,
        },
        usage: anthropicUsage(usage ?? { input: inputTokens, output: 0 }),
      };
      return Buffer.concat([
        ...opening,
        eventBytes('message_delta', messageDelta),
        eventBytes('message_stop', routing === undefined ? {} : { routing }),
      ]);
    },
    get position() {
      return { ...position };
    },
  };
}

/** A client's watchdog counts bytes: what waits, or says nothing here, shows that the answer is still being made. */
function alive(out: Buffer[]): Buffer[] {
  return out.length === 0 ? [PING] : out;
}
