import type { ChatEvent, FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions, EventWriter } from '../codec.ts';
import { collectAnswer } from '../collect.ts';
import { given } from '../guards.ts';
import { sayMore } from '../tap.ts';
import { callsJson } from './calls.ts';
import { ollamaError } from './error.ts';
import type { Saying, Shape } from './shape.ts';
import { endingFields } from './usage.ts';

type CallDelta = Extract<ChatEvent, { type: 'tool-call-delta' }>;

/** While a call's arguments are held, the caller hears from us every so many pieces of them. */
const PIECES_PER_PING = 64;

/** Epoch seconds in RFC 3339; `fallback` for what is no time. */
function timeOf(seconds: number, fallback: number): string {
  const at = new Date(seconds * 1000);
  return (Number.isNaN(at.getTime()) ? new Date(fallback * 1000) : at).toISOString();
}

/** The beginning of a line. Clients compare `model` with the name that they asked for. */
function headOf(model: string, createdAt: number, { requested, createdAt: fallback }: EncoderOptions): string {
  const name = requested === undefined || requested === '' ? model : requested;
  return `{"model":${JSON.stringify(name)},"created_at":"${timeOf(createdAt, fallback)}",`;
}

/** Tool calls that are not complete: a line holds whole ones. */
function createHeldCalls(id: string, before: number) {
  const calls = new Map<number, { id: string; name: string; input: string }>();
  let pieces = 0;
  return {
    /** True when the caller ought to hear that something is going on. */
    add({ index, toolCallId, toolName, delta }: CallDelta): boolean {
      let call = calls.get(index);
      if (call === undefined) {
        call = { id: toolCallId ?? `call_${id}_${before + calls.size}`, name: '', input: '' };
        calls.set(index, call);
      }
      if (call.name === '') call.name = toolName ?? '';
      call.input += delta;
      return ++pieces % PIECES_PER_PING === 0;
    },
    get size() {
      return calls.size;
    },
    json: () => callsJson([...calls.values()].map((call, i) => ({ ...call, index: before + i }))),
  };
}

/** Writes an answer as lines of JSON: tool calls whole, finish, counts and durations in the last line. */
export function writeLines(options: EncoderOptions, shape: Shape): EventWriter {
  const { id, resume, elapsed } = options;
  let model = resume?.model ?? options.model;
  let createdAt = resume?.createdAt ?? options.createdAt;
  let begun = resume?.begun ?? false;
  let head = headOf(model, createdAt, options);
  let said = resume === undefined ? '' : resume.said;
  let toolCalls = resume?.toolCalls ?? 0;
  const held = createHeldCalls(id, toolCalls);
  let finish: FinishReason = 'stop';
  let usage: Usage | undefined;
  let first: number | undefined;
  let failed = false;

  const line = (saying: Saying): string => {
    begun = true;
    return `${head}${shape.written(saying)},"done":false}\n`;
  };
  const output = (saying: Saying): Uint8Array => {
    first ??= elapsed?.();
    return Buffer.from(line(saying));
  };
  const alive = (): Uint8Array => Buffer.from(line({ text: '' }));

  return {
    write(event) {
      if (failed) return undefined;
      switch (event.type) {
        case 'response-metadata':
          if (begun) return undefined;
          model = event.model ?? model;
          createdAt = event.createdAt ?? createdAt;
          head = headOf(model, createdAt, options);
          return undefined;
        case 'text-delta':
          if (event.delta === '') return undefined;
          said = sayMore(said, event.delta);
          return output({ text: event.delta });
        case 'reasoning-delta':
          return event.delta === '' ? undefined : output({ text: '', thinking: event.delta });
        case 'tool-call-delta':
          first ??= elapsed?.();
          return held.add(event) ? alive() : undefined;
        case 'finish':
          finish = event.finishReason;
          return undefined;
        case 'usage':
          usage = event.usage;
          return undefined;
        case 'error':
          failed = true;
          return Buffer.from(`${ollamaError(event.message)}\n`);
        default:
          return alive();
      }
    },
    end(routing) {
      if (failed) return undefined;
      const calls = held.size === 0 ? '' : line({ text: '', calls: held.json() });
      toolCalls += held.size;
      const ending = endingFields(finish, usage, given({ total: elapsed?.(), first }));
      const last = JSON.stringify(routing === undefined ? ending : { ...ending, routing }).slice(1);
      return Buffer.from(`${calls}${head}${shape.written({ text: '' })},${last}\n`);
    },
    get position() {
      // Calls that are held have not been told: another upstream may still go on.
      return { model, createdAt, said, toolCalls, blocks: 0, sequence: 0, begun };
    },
  };
}

/** A whole answer. */
export function writeWhole(events: readonly ChatEvent[], options: EncoderOptions, shape: Shape): Uint8Array {
  const { metadata, text, reasoning, toolCalls, finishReason = 'stop', usage } = collectAnswer(events);
  const calls = toolCalls.map(({ toolCallId, toolName, input }, index) => ({
    id: toolCallId ?? `call_${options.id}_${index}`,
    index,
    name: toolName,
    input,
  }));
  const saying: Saying = {
    text,
    ...(reasoning === '' ? {} : { thinking: reasoning }),
    ...(calls.length === 0 ? {} : { calls: callsJson(calls) }),
  };
  const head = headOf(metadata.model ?? options.model, metadata.createdAt ?? options.createdAt, options);
  const ending = endingFields(finishReason, usage, given({ total: options.elapsed?.() }));
  return Buffer.from(`${head}${shape.written(saying)},${JSON.stringify(ending).slice(1)}`);
}
