import { given, list, text, type JsonObject } from '../guards.ts';
import type { Position } from '../tap.ts';
import { isPartKind, PART_FORMS, partOf, type PartKind } from './part-forms.ts';

/** The item that is being told. */
export interface OpenItem {
  readonly place: number;
  /** Without the part that is being told. */
  readonly item: JsonObject;
  readonly part?: { readonly kind: PartKind; readonly index: number };
  /** Words of the open part, or arguments of the call, so far. */
  readonly told: string;
}

type Telling = Omit<OpenItem, 'told'> & { told: string };

/** The items of an answer as far as they have been told. */
export interface Output {
  readonly current: OpenItem | undefined;
  /** The place of the next item. */
  readonly next: number;
  /** Begins an item; one that was open is left as it is. */
  open(item: JsonObject, place?: number): OpenItem;
  openPart(kind: PartKind, index: number): OpenItem | undefined;
  /** Adds a piece to what is open. */
  say(piece: string): void;
  /** Puts the open part, or the arguments, into their item. */
  closePart(): void;
  /** Ends an item. */
  close(item: JsonObject, place?: number): void;
  items(): JsonObject[];
  /** What a position tells of all this. */
  position(): Pick<Position, 'blocks' | 'open' | 'itemId' | 'items'>;
}

const isCall = ({ type }: JsonObject): boolean => type === 'function_call';

/** The item with what is being told of it. */
function withTold({ item, part, told }: OpenItem): JsonObject {
  if (isCall(item)) return { ...item, arguments: told };
  if (part === undefined) return item;
  const { list: name } = PART_FORMS[part.kind];
  return { ...item, [name]: [...list(item[name]), partOf(part.kind, told)] };
}

function openKind({ item, part }: OpenItem): Position['open'] {
  if (isCall(item)) return 'tool-call';
  if (part === undefined) return undefined;
  return item['type'] === 'reasoning' ? 'reasoning' : 'text';
}

/** The item that a position leaves open. */
function opened(item: JsonObject, place: number, open: Position['open']): Telling {
  if (isCall(item)) return { place, item, told: text(item['arguments']) ?? '' };
  const name = list(item['content']).length > 0 ? 'content' : 'summary';
  const parts = list(item[name]);
  const last = parts.at(-1);
  const kind = typeof last === 'object' && last !== null && 'type' in last ? last.type : undefined;
  if (open === undefined || !isPartKind(kind)) return { place, item, told: '' };
  const words: JsonObject = { ...Object(last) };
  return {
    place,
    item: { ...item, [name]: parts.slice(0, -1) },
    part: { kind, index: parts.length - 1 },
    told: text(words[PART_FORMS[kind].field]) ?? '',
  };
}

/** Output that begins where `position` stands. */
export function createOutput(position?: Position): Output {
  const items: JsonObject[] = [...(position?.items ?? [])];
  /** Items that were told and not kept. */
  const before = (position?.blocks ?? 0) - items.length;
  const last = items.at(-1);
  let current: Telling | undefined =
    position?.itemId === undefined || last === undefined
      ? undefined
      : opened(last, before + items.length - 1, position.open);
  const next = (): number => before + items.length;
  const all = (): JsonObject[] => {
    const told = [...items];
    if (current !== undefined) told[current.place - before] = withTold(current);
    return told.filter((item) => item !== undefined);
  };

  return {
    get current() {
      return current;
    },
    get next() {
      return next();
    },
    open(item, place = next()) {
      items[place - before] = item;
      current = { place, item, told: '' };
      return current;
    },
    openPart(kind, index) {
      if (current !== undefined) current = { ...current, part: { kind, index }, told: '' };
      return current;
    },
    say(piece) {
      if (current !== undefined) current.told += piece;
    },
    closePart() {
      if (current === undefined) return;
      const item = withTold(current);
      current = { place: current.place, item, told: isCall(item) ? current.told : '' };
    },
    close(item, place = current?.place) {
      if (place === undefined) return;
      items[place - before] = item;
      if (current?.place === place) current = undefined;
    },
    items: all,
    position: () => ({
      blocks: next(),
      ...given({
        open: current === undefined ? undefined : openKind(current),
        itemId: current === undefined ? undefined : (text(current.item['id']) ?? ''),
        items: all(),
      }),
    }),
  };
}
