import type { ChatEvent } from '../chat.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { sayMore, type Position } from '../tap.ts';
import { callEvent, isCall, itemEvents, type Told } from './item-events.ts';
import { createOutput } from './output.ts';
import { isPartKind, PART_FORMS, type PartKind } from './part-forms.ts';

/** Reads what an answer says, item by item. */
export interface ItemReader {
  /** Events of a record; nothing for one that is about no item. */
  read(type: string, event: JsonObject): readonly ChatEvent[];
  /** Calls that were begun. */
  readonly calls: number;
  /** The model has refused. */
  readonly refused: boolean;
  /** Anything was said at all. */
  readonly spoken: boolean;
  position(): Pick<Position, 'said' | 'toolCalls' | 'blocks' | 'open' | 'itemId' | 'items'>;
}

/** Places that may be left out before an item. */
const MAX_GAP = 100;

/** The kinds of parts by the types of events. */
function kindsBy(name: 'delta' | 'done'): ReadonlyMap<string, PartKind> {
  return new Map(Object.entries(PART_FORMS).flatMap(([kind, form]) => (isPartKind(kind) ? [[form[name], kind]] : [])));
}
const PIECES = kindsBy('delta');
const DONE = kindsBy('done');

const isArgument = (type: string): boolean =>
  type === 'response.function_call_arguments.delta' || type === 'response.custom_tool_call_input.delta';

export function createItemReader(): ItemReader {
  let said: string | undefined = '';
  let calls = 0;
  let refused = false;
  let spoken = false;
  let proven: string | undefined;
  const told = new Map<number, Told>();
  const output = createOutput();

  /** The place of the item that an event is about; `fallback` where it does not say. */
  const placeOf = ({ output_index: place }: JsonObject, fallback: number): number =>
    Number.isInteger(place) && Number(place) >= 0 && Number(place) <= output.next + MAX_GAP ? Number(place) : fallback;
  const last = (): number => Math.max(0, output.next - 1);
  const says = (words: string): ChatEvent => {
    said = sayMore(said, words);
    return { type: 'text-delta', delta: words };
  };
  /** The first words of thoughts that will be proven have their id. */
  const thought = (delta: string): ChatEvent => {
    const id = proven;
    proven = undefined;
    return { type: 'reasoning-delta', delta, ...(id === undefined ? {} : { id }) };
  };
  const begin = (item: JsonObject, place: number): ChatEvent[] => {
    output.open(item, place);
    proven = text(item['encrypted_content']) === undefined ? undefined : text(item['id']);
    told.set(place, { chars: 0, call: calls });
    if (!isCall(item)) return [];
    spoken = true;
    return [callEvent(item, calls++)];
  };
  const beginPart = (kind: unknown, event: JsonObject): ChatEvent[] => {
    if (!isPartKind(kind)) return [];
    refused ||= kind === 'refusal';
    const index = Number(event[PART_FORMS[kind].index] ?? 0);
    output.openPart(kind, index);
    // Parts of a summary are paragraphs.
    return kind === 'summary_text' && index > 0 ? [thought('\n\n')] : [];
  };
  const hear = (place: number, delta: string): void => {
    spoken = true;
    const item = told.get(place);
    if (item !== undefined) item.chars += delta.length;
    if (said !== undefined && output.current?.place === place) output.say(delta);
  };
  const piece = (kind: PartKind, event: JsonObject, delta: string): ChatEvent[] => {
    const before = output.current?.part === undefined ? beginPart(kind, event) : [];
    hear(placeOf(event, last()), delta);
    const thinks = kind === 'summary_text' || kind === 'reasoning_text';
    return [...before, thinks ? thought(delta) : says(delta)];
  };
  const argument = (event: JsonObject, delta: string): ChatEvent[] => {
    const place = placeOf(event, last());
    hear(place, delta);
    return [{ type: 'tool-call-delta', index: told.get(place)?.call ?? 0, delta }];
  };
  const finish = (item: JsonObject, place: number): ChatEvent[] => {
    // Some hosts begin no item, or tell it in one piece.
    const before = told.has(place) ? [] : begin(item, place);
    const rest = itemEvents(item, told.get(place) ?? { chars: 0, call: 0 });
    spoken ||= rest.length > 0;
    output.close(item, place);
    return [...before, ...rest.map((event) => (event.type === 'text-delta' ? says(event.delta) : event))];
  };

  return {
    read(type, event) {
      const kind = PIECES.get(type);
      const delta = text(event['delta']) ?? '';
      if (kind !== undefined) return delta === '' ? [] : piece(kind, event, delta);
      if (isArgument(type)) return delta === '' ? [] : argument(event, delta);
      const { item, part } = event;
      if (type === 'response.output_item.added' && isObject(item)) return begin(item, placeOf(event, output.next));
      if (type === 'response.output_item.done' && isObject(item)) return finish(item, placeOf(event, last()));
      if (type === 'response.content_part.added' || type === 'response.reasoning_summary_part.added')
        return beginPart(isObject(part) ? part['type'] : undefined, event);
      if (DONE.has(type)) output.closePart();
      return [];
    },
    get calls() {
      return calls;
    },
    get refused() {
      return refused;
    },
    get spoken() {
      return spoken;
    },
    position() {
      const { items, ...rest } = output.position();
      // What is too long cannot be gone on with.
      return { said, toolCalls: calls, ...rest, ...(said === undefined || items === undefined ? {} : { items }) };
    },
  };
}
