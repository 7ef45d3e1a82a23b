import { SignalboxError } from '../../errors.ts';
import type { ChatPart, FilePart } from '../chat.ts';
import { bool, given, isObject, list, text, unknownFields, type JsonObject } from '../guards.ts';
import { signatureOf } from './unsigned.ts';

/** Fields of each kind of block that a part holds, or that say nothing. */
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(['type', 'text', 'cache_control']),
  thinking: new Set(['type', 'thinking', 'signature']),
  redacted_thinking: new Set(['type', 'data']),
  // Who called is said where it was not the model itself.
  tool_use: new Set(['type', 'id', 'name', 'input', 'cache_control', 'caller']),
  tool_result: new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control']),
  image: new Set(['type', 'source', 'cache_control']),
  document: new Set(['type', 'source', 'title', 'cache_control']),
};

/** Names fields of a block that no part has room for. */
function nameFields(block: JsonObject, type: string, lost: Set<string>): void {
  const known = KNOWN[type];
  if (known === undefined) return;
  for (const name of unknownFields(block, known)) lost.add(`messages.${type}.${name}`);
  const { caller } = block;
  if (isObject(caller) && caller['type'] !== 'direct') lost.add(`messages.${type}.caller`);
}

function addressOf(source: JsonObject, path: string): URL {
  const url = text(source['url']) ?? '';
  if (/^https?:/i.test(url) && URL.canParse(url)) return new URL(url);
  const param = `${path}.source.url`;
  throw new SignalboxError('invalid_request', `${param}: expected an http or https URL`, { param });
}

/** An image or a document; undefined for one that lies at Anthropic's or is made of blocks. */
function fileOf(block: JsonObject, path: string): FilePart | undefined {
  const source = isObject(block['source']) ? block['source'] : {};
  const image = block['type'] === 'image';
  const fallback = image ? 'image/*' : 'application/pdf';
  const data = text(source['data']) ?? '';
  const shared = {
    type: 'file' as const,
    cacheControl: block['cache_control'] ?? undefined,
    filename: image ? undefined : text(block['title']),
  };
  switch (source['type']) {
    case 'base64':
      return given({ ...shared, mediaType: text(source['media_type']) ?? fallback, data });
    case 'url':
      return given({ ...shared, mediaType: fallback, data: addressOf(source, path) });
    case 'text':
      return given({ ...shared, mediaType: 'text/plain', data: Buffer.from(data).toString('base64') });
    default:
      return undefined;
  }
}

function resultOf(block: JsonObject, path: string, lost: Set<string>): ChatPart {
  const { content } = block;
  const words: string[] = typeof content === 'string' ? [content] : [];
  const files: FilePart[] = [];
  for (const [i, part] of list(content).entries()) {
    if (!isObject(part)) continue;
    const [inner] = partsOf(part, `${path}.content[${i}]`, lost, 'tool_result.');
    if (inner?.type === 'text') words.push(inner.text);
    else if (inner?.type === 'file') files.push(inner);
  }
  return given({
    type: 'tool-result' as const,
    toolCallId: text(block['tool_use_id']) ?? '',
    toolName: '',
    output: words.join('\n'),
    files: files.length === 0 ? undefined : files,
    isError: bool(block['is_error']),
    cacheControl: block['cache_control'] ?? undefined,
  });
}

/**
 * A content block as a part; none for a kind that only Anthropic has, which is named in `lost`.
 * @throws `invalid_request` for a file whose address is none.
 */
export function partsOf(block: JsonObject, path: string, lost: Set<string>, within = ''): ChatPart[] {
  const type = text(block['type']) ?? 'block';
  const cacheControl = block['cache_control'] ?? undefined;
  nameFields(block, type, lost);
  switch (type) {
    case 'text':
      return [given({ type, text: text(block['text']) ?? '', cacheControl })];
    case 'thinking': {
      const signature = signatureOf(block['signature']);
      return [given({ type: 'reasoning' as const, text: text(block['thinking']) ?? '', signature })];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', redacted: text(block['data']) ?? '' }];
    case 'tool_use':
      return [
        given({
          type: 'tool-call' as const,
          toolCallId: text(block['id']) ?? '',
          toolName: text(block['name']) ?? '',
          input: JSON.stringify(block['input'] ?? {}),
          cacheControl,
        }),
      ];
    case 'tool_result':
      return [resultOf(block, path, lost)];
    case 'image':
    case 'document': {
      const file = fileOf(block, path);
      if (file !== undefined) return [file];
      const source = isObject(block['source']) ? (text(block['source']['type']) ?? '') : '';
      lost.add(`messages.${within}${type}.source${source === '' ? '' : `.${source}`}`);
      return [];
    }
    default:
      lost.add(`messages.${within}${type}`);
      return [];
  }
}
