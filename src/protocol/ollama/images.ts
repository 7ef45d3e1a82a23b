import { SignalboxError } from '../../errors.ts';
import type { FilePart } from '../chat.ts';
import { list } from '../guards.ts';
import { imageTypeOf } from '../image-type.ts';

const DATA_URL = /^data:([^;,]{1,100});base64,/;

function imageOf(image: string, path: string): FilePart {
  const url = DATA_URL.exec(image.slice(0, 120));
  const data = url === null ? image : image.slice(url[0].length);
  if (/^https?:/i.test(data.slice(0, 6))) {
    throw new SignalboxError('invalid_request', `${path}: expected the image in base64; addresses are not fetched`, {
      param: path,
    });
  }
  // Other dialects want to know what an image is.
  return { type: 'file', mediaType: url?.[1] ?? imageTypeOf(data) ?? 'image/*', data };
}

/**
 * The images of a message.
 * @throws `invalid_request` for an address in an image's place.
 */
export function imagesOf(images: unknown, path: string): FilePart[] {
  return list(images).flatMap((image, i) => (typeof image === 'string' ? [imageOf(image, `${path}[${i}]`)] : []));
}

/**
 * A file as this wire takes it: an image in base64.
 * @throws `invalid_request` with advice for anything else.
 */
export function imageData({ mediaType, data }: FilePart): string {
  if (!mediaType.startsWith('image/')) {
    throw new SignalboxError(
      'invalid_request',
      `messages: Ollama takes images only, not ${mediaType}; put its text into the message, or name another model`,
      { param: 'messages' },
    );
  }
  if (typeof data === 'string') return data;
  throw new SignalboxError(
    'invalid_request',
    'messages: Ollama takes images in the request itself, and no address is fetched for it; send the image as base64, or name another model',
    { param: 'messages' },
  );
}
