import { isObject, type JsonObject } from '../guards.ts';

/** A call's arguments as the object that this dialect wants; what is none is kept under a name that says so. */
export function toolInput(json: string): JsonObject {
  if (json.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return isObject(parsed) ? parsed : { value: parsed };
  } catch {
    return { invalid_json: json };
  }
}
