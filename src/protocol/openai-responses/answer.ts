import type { ChatEvent, FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { sayMore, type Position } from '../tap.ts';
import { createCallOrder, type ContentEvent } from './call-order.ts';
import { codeOf, errorFields } from './error.ts';
import { responseId } from './item-id.ts';
import { createItemWriter } from './item-writer.ts';
import { headOf, responseOf, standingOf, type Head, type Standing } from './response.ts';
import type { Sink } from './sink.ts';

/** An answer that is being told. */
export interface Answer {
  write(event: ChatEvent): void;
  /** Ends the answer, if no error has; gives its response object. */
  end(routing?: unknown): object;
  readonly position: Position;
}

/** Whether an event says anything here: thoughts that only others can read have no place. */
function isSaid(event: ContentEvent): boolean {
  if (event.type === 'text-delta') return event.delta !== '';
  return event.type !== 'reasoning-delta' || event.delta !== '' || event.encrypted !== undefined;
}

/** Tells an answer to `sink`, from its first event or from where another has come. */
export function createAnswer(sink: Sink, options: EncoderOptions): Answer {
  const { resume } = options;
  let head: Head = headOf(options);
  let begun = resume?.begun ?? false;
  let said = resume === undefined ? '' : resume.said;
  let calls = resume?.toolCalls ?? 0;
  let finish: FinishReason = 'stop';
  let usage: Usage | undefined;
  let failed: object | undefined;
  const items = createItemWriter(sink, () => head.id, options);
  const order = createCallOrder({
    begin: (event) => items.call(event, calls++),
    more: items.more,
    say(event) {
      if (event.type === 'reasoning-delta') return items.reasoning(event);
      const { delta } = event;
      said = sayMore(said, delta);
      items.text(delta);
    },
  });

  const response = (standing: Standing) => responseOf(head, standing, items.output.items(), usage);
  const begin = (): void => {
    if (begun) return;
    begun = true;
    const first = response({ status: 'in_progress' });
    sink.event('response.created', { response: first });
    sink.event('response.in_progress', { response: first });
  };
  const fail = (message: string, status: number): void => {
    begin();
    failed = response({ status: 'failed', message, code: status });
    // Some clients wait for the one, some for the other, and OpenAI sends both.
    sink.event('error', errorFields({ type: 'api_error', code: codeOf(status), message, param: null }));
    sink.event('response.failed', { response: failed });
  };

  return {
    write(event) {
      if (failed !== undefined) return;
      switch (event.type) {
        case 'response-metadata':
          if (begun) return;
          head = {
            id: event.id === undefined ? head.id : responseId(event.id),
            model: event.model ?? head.model,
            createdAt: event.createdAt ?? head.createdAt,
          };
          return;
        case 'finish':
          finish = event.finishReason;
          return;
        case 'usage':
          usage = event.usage;
          return;
        case 'error':
          fail(event.message, event.status ?? 500);
          return;
        case 'ping':
          return;
        default:
          if (!isSaid(event)) return;
          begin();
          order.tell(event);
      }
    },
    end(routing) {
      if (failed !== undefined) return failed;
      begin();
      order.settle();
      const standing = standingOf(finish);
      items.close(standing.status === 'completed' ? 'completed' : 'incomplete');
      const last = response(standing);
      const extra = routing === undefined ? {} : { routing };
      sink.event(`response.${standing.status}`, { response: last, ...extra });
      return last;
    },
    get position() {
      const { items: kept, ...output } = items.output.position();
      return {
        ...head,
        said,
        toolCalls: calls,
        ...output,
        sequence: sink.sequence,
        begun,
        // What is too long cannot be gone on with.
        ...(said === undefined || kept === undefined ? {} : { items: kept }),
      };
    },
  };
}
