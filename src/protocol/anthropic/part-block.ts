import { SignalboxError } from '../../errors.ts';
import type { ChatPart, FilePart, ToolResultPart } from '../chat.ts';
import { given } from '../guards.ts';
import { imageTypeOf } from '../image-type.ts';
import { toolInput } from './tool-input.ts';

function imageType(mediaType: string, data: string): string {
  if (mediaType === 'image/jpg') return 'image/jpeg';
  if (mediaType !== 'image/*') return mediaType;
  return imageTypeOf(data) ?? 'image/png';
}

function sourceOf({ data, mediaType }: FilePart): object {
  if (data instanceof URL) return { type: 'url', url: data.href };
  if (mediaType.startsWith('text/')) {
    return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') };
  }
  const image = mediaType.startsWith('image/');
  return { type: 'base64', media_type: image ? imageType(mediaType, data) : mediaType, data };
}

function fileBlock(part: FilePart, lost: Set<string>): object {
  const { mediaType, filename, detail, cacheControl: cache_control } = part;
  const image = mediaType.startsWith('image/');
  if (!image && mediaType !== 'application/pdf' && !mediaType.startsWith('text/')) {
    throw new SignalboxError(
      'invalid_request',
      `a file of type ${mediaType} cannot be sent to this provider; it takes images, PDF and plain text`,
      { param: 'messages' },
    );
  }
  if (detail !== undefined && detail !== 'auto') lost.add('messages.image.detail');
  const source = sourceOf(part);
  return image
    ? given({ type: 'image', source, cache_control })
    : given({ type: 'document', source, title: filename, cache_control });
}

function resultContent({ output, files = [], isError }: ToolResultPart, lost: Set<string>): unknown {
  if (files.length > 0) {
    return [...(output === '' ? [] : [{ type: 'text', text: output }]), ...files.map((file) => fileBlock(file, lost))];
  }
  if (output !== '') return output;
  // An error that says nothing is refused; a result may be left out.
  return isError === true ? 'error' : undefined;
}

/** A part that this dialect can say, as a content block. */
export function blockOf(part: ChatPart, lost: Set<string>): object {
  switch (part.type) {
    case 'text':
      return given({ type: 'text', text: part.text, cache_control: part.cacheControl });
    case 'reasoning':
      return part.redacted === undefined
        ? { type: 'thinking', thinking: part.text, signature: part.signature }
        : { type: 'redacted_thinking', data: part.redacted };
    case 'file':
      return fileBlock(part, lost);
    case 'tool-call':
      return given({
        type: 'tool_use',
        id: part.toolCallId,
        name: part.toolName,
        input: toolInput(part.input),
        cache_control: part.cacheControl,
      });
    default:
      return given({
        type: 'tool_result',
        tool_use_id: part.toolCallId,
        content: resultContent(part, lost),
        is_error: part.isError,
        cache_control: part.cacheControl,
      });
  }
}

/** Blocks as content: one plain text is a string, as clients write it. */
export function contentOf(blocks: readonly object[]): string | readonly object[] {
  const [only] = blocks;
  const plain = blocks.length === 1 && only !== undefined && 'type' in only && only.type === 'text';
  return plain && 'text' in only && typeof only.text === 'string' && !('cache_control' in only) ? only.text : blocks;
}
