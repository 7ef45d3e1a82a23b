/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A token count that makes sense, else undefined. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number that is one. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function bool(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** The strings of a list, or a string alone; undefined when there is none. */
export function strings(value: unknown): readonly string[] | undefined {
  const found = typeof value === 'string' ? [value] : list(value).filter((item) => typeof item === 'string');
  return found.length === 0 ? undefined : found;
}

/** Fields without a value left out. */
export type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** `fields` without those that are undefined. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

/** Reads a field of a body; one that holds something else than it should is noted. */
export type FieldReader = <T>(name: string, read: (value: unknown) => T | undefined) => T | undefined;

/** A {@link FieldReader} that adds the names of what it could not read to `unread`, after `path`. */
export function fieldReader(body: JsonObject, unread: Set<string>, path: string = ''): FieldReader {
  return (name, read) => {
    const value = body[name];
    const found = read(value);
    const says = value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
    if (found === undefined && says) unread.add(path + name);
    return found;
  };
}

/** Names of an object's fields that are not among `known`; those that are null or undefined say nothing. */
export function unknownFields(body: JsonObject, known: ReadonlySet<string>): readonly string[] {
  return Object.keys(body).filter((name) => !known.has(name) && body[name] !== null && body[name] !== undefined);
}
