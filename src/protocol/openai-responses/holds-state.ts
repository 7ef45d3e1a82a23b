import { isObject, list } from '../guards.ts';
import { typeOf } from './turns.ts';

/** Fields that name what only the provider has. */
const STATE = ['previous_response_id', 'conversation', 'prompt'];

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** Whether a message or a result shows a file that was uploaded before. */
const showsUpload = (content: unknown): boolean =>
  list(content).some((part) => isObject(part) && isGiven(part['file_id']));

/**
 * Whether a request leans on what its provider keeps: an earlier answer, a conversation, a stored prompt or item, an
 * uploaded file, or work in the background. Nobody else can answer it, in whatever dialect.
 */
export function holdsState(body: unknown): boolean {
  if (!isObject(body)) return false;
  if (body['background'] === true || STATE.some((name) => isGiven(body[name]))) return true;
  return list(body['input']).some(
    (item) =>
      isObject(item) &&
      (typeOf(item) === 'item_reference' || showsUpload(item['content']) || showsUpload(item['output'])),
  );
}
