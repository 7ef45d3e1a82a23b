import type { ChatEvent } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import type { JsonObject } from '../guards.ts';
import { itemId } from './item-id.ts';
import { createOutput, type Output } from './output.ts';
import { PART_FORMS, partOf, type PartKind } from './part-forms.ts';

import type { Sink } from './sink.ts';

type CallDelta = Extract<ChatEvent, { type: 'tool-call-delta' }>;
type ReasoningDelta = Extract<ChatEvent, { type: 'reasoning-delta' }>;

/** Whether an item was told to its end. */
export type ItemStatus = 'completed' | 'incomplete';

/** Tells items one after the other, each with the events that begin and end it. */
export interface ItemWriter {
  text(delta: string): void;
  reasoning(event: ReasoningDelta): void;
  /** Begins a call. */
  call(event: CallDelta, count: number): void;
  /** More arguments of the call that is open. */
  more(delta: string): void;
  close(status: ItemStatus): void;
  readonly output: Output;
}

const ARGUMENTS = 'response.function_call_arguments';

/** Writes to `sink`; the ids of items are made of the answer's own, `response`. */
export function createItemWriter(sink: Sink, response: () => string, { id, resume }: EncoderOptions): ItemWriter {
  const output = createOutput(resume);
  /** A call that another began is open: nobody knows how it would have gone on. */
  let foreign = output.current?.item['type'] === 'function_call';
  /** What a piece of the open part stands between, as JSON. */
  let place = '';
  let tail = '';

  const fieldsOf = (): { item_id: unknown; output_index: number } => ({
    item_id: output.current?.item['id'],
    output_index: output.current?.place ?? 0,
  });
  /** Where the open part, or call, is. */
  const partFields = (): object => {
    const part = output.current?.part;
    return part === undefined ? fieldsOf() : { ...fieldsOf(), [PART_FORMS[part.kind].index]: part.index };
  };
  const aim = (more: object): void => {
    place = JSON.stringify(partFields()).slice(1, -1);
    const extra = JSON.stringify(more).slice(1, -1);
    tail = extra === '' ? '' : `,${extra}`;
  };
  const closePart = (): void => {
    const open = output.current;
    if (open?.part !== undefined) {
      const form = PART_FORMS[open.part.kind];
      const where = partFields();
      sink.event(form.done, { ...where, [form.field]: open.told, ...form.more });
      sink.event(form.over, { ...where, part: partOf(open.part.kind, open.told) });
    } else if (open?.item['type'] === 'function_call') {
      sink.event(`${ARGUMENTS}.done`, { ...fieldsOf(), name: open.item['name'], arguments: open.told });
    }
    output.closePart();
  };
  const say = (type: string, delta: string): void => {
    output.say(delta);
    sink.piece(type, place, delta, tail);
  };
  const isOpen = (type: string): boolean => output.current?.item['type'] === type;
  const close = (asked: ItemStatus, more: object = {}): void => {
    // Clients parse arguments, and no text is no JSON.
    if (asked === 'completed' && !foreign && isOpen('function_call') && output.current?.told === '')
      say(`${ARGUMENTS}.delta`, '{}');
    closePart();
    if (output.current === undefined) return;
    const { item: told, place: at } = output.current;
    const status = foreign ? 'incomplete' : asked;
    foreign = false;
    const item: JsonObject = { ...told, ...('status' in told ? { status } : {}), ...more };
    sink.event('response.output_item.done', { output_index: at, item });
    output.close(item);
  };
  const open = (item: JsonObject): void => {
    close('completed');
    const { place: at } = output.open(item);
    sink.event('response.output_item.added', { output_index: at, item });
  };
  const openPart = (kind: PartKind): void => {
    closePart();
    const { list, added, more } = PART_FORMS[kind];
    const parts = output.current?.item[list];
    output.openPart(kind, Array.isArray(parts) ? parts.length : 0);
    sink.event(added, { ...partFields(), part: partOf(kind, '') });
    aim(more);
  };
  const begun = output.current?.part;
  if (begun !== undefined) aim(PART_FORMS[begun.kind].more);

  return {
    output,
    text(delta) {
      if (!isOpen('message')) {
        const own = itemId('message', response(), output.next);
        open({ id: own, type: 'message', status: 'in_progress', role: 'assistant', content: [] });
      }
      if (output.current?.part?.kind !== 'output_text') openPart('output_text');
      say(PART_FORMS.output_text.delta, delta);
    },
    reasoning({ delta, encrypted, id: named }) {
      const current = output.current?.item;
      // Proofs hold for the id that they came with.
      const other = named !== undefined && current?.['id'] !== named;
      if (current?.['type'] !== 'reasoning' || other)
        open({ id: named ?? itemId('reasoning', response(), output.next), type: 'reasoning', summary: [] });
      if (delta !== '') {
        if (output.current?.part === undefined) openPart('summary_text');
        say(PART_FORMS[output.current?.part?.kind ?? 'summary_text'].delta, delta);
      }
      if (encrypted !== undefined) close('completed', { encrypted_content: encrypted });
    },
    call({ toolCallId = '', toolName = '' }, count) {
      open({
        id: itemId('function_call', response(), output.next),
        type: 'function_call',
        status: 'in_progress',
        call_id: toolCallId === '' ? `call_${id}_${count}` : toolCallId,
        name: toolName,
        arguments: '',
      });
      aim({});
    },
    more: (delta) => say(`${ARGUMENTS}.delta`, delta),
    close(status) {
      close(status);
    },
  };
}
