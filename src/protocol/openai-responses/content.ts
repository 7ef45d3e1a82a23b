import type { ChatPart, FilePart } from '../chat.ts';
import { given, isObject, list, text, type JsonObject } from '../guards.ts';
import { invalid } from './turns.ts';

const BASE64 = ';base64,';

/** Where content stands in the request, and what of it no other dialect could say. */
export interface Place {
  readonly path: string;
  readonly others: Set<string>;
}

function inlineFile(url: string, path: string): FilePart {
  const comma = url.indexOf(BASE64);
  if (comma === -1) throw invalid(path, 'a data URL in base64');
  const [mediaType = ''] = url.slice('data:'.length, comma).split(';', 1);
  return { type: 'file', mediaType, data: url.slice(comma + BASE64.length) };
}

/** A data URL's type and bytes, or an address. */
function fileAt(url: string, path: string, fallback: string): FilePart {
  if (url.slice(0, 5).toLowerCase() === 'data:') return inlineFile(url, path);
  if (!/^https?:/i.test(url) || !URL.canParse(url)) throw invalid(path, 'a URL or a data URL');
  return { type: 'file', mediaType: fallback, data: new URL(url) };
}

/** How closely to look; “auto” says nothing. */
function detailOf({ detail }: JsonObject): string | undefined {
  return detail === 'auto' ? undefined : text(detail);
}

function imageOf(part: JsonObject, path: string): FilePart | undefined {
  const url = text(part['image_url']);
  if (url === undefined) return undefined;
  return given({ ...fileAt(url, `${path}.image_url`, 'image/*'), detail: detailOf(part) });
}

function fileOf(part: JsonObject, path: string): FilePart | undefined {
  const data = text(part['file_data']);
  const url = text(part['file_url']);
  const named = { filename: text(part['filename']), detail: detailOf(part) };
  if (url !== undefined) return given({ ...fileAt(url, `${path}.file_url`, 'application/pdf'), ...named });
  if (data === undefined) return undefined;
  // Some send the bytes alone.
  const file = data.startsWith('data:')
    ? inlineFile(data, `${path}.file_data`)
    : { type: 'file' as const, mediaType: 'application/pdf', data };
  return given({ ...file, ...named });
}

function audioOf({ input_audio: audio }: JsonObject): FilePart | undefined {
  if (!isObject(audio)) return undefined;
  const mediaType = audio['format'] === 'mp3' ? 'audio/mpeg' : 'audio/wav';
  return { type: 'file', mediaType, data: text(audio['data']) ?? '' };
}

function shownFile(part: JsonObject, path: string): FilePart | undefined {
  if (part['type'] === 'input_image') return imageOf(part, path);
  if (part['type'] === 'input_file') return fileOf(part, path);
  return part['type'] === 'input_audio' ? audioOf(part) : undefined;
}

/** What beside its text or file a part says. */
function noteOthers(part: JsonObject, others: Set<string>): void {
  if (isObject(part['prompt_cache_breakpoint'])) others.add('input.content.prompt_cache_breakpoint');
  if (list(part['annotations']).length > 0) others.add('input.content.annotations');
}

/** The text and files of a message or a result; what is neither is named in `others`. */
export function partsOf(content: unknown, { path, others }: Place): ChatPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return list(content).flatMap((part, i): ChatPart[] => {
    if (!isObject(part)) return [];
    noteOthers(part, others);
    const words = text(part['text']) ?? text(part['refusal']);
    if (words !== undefined) return [{ type: 'text', text: words }];
    const file = shownFile(part, `${path}[${i}]`);
    if (file !== undefined) return [file];
    others.add(
      text(part['file_id']) === undefined ? `input.content.${text(part['type']) ?? 'part'}` : 'input.content.file_id',
    );
    return [];
  });
}
