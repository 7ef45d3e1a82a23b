import type { ChatMessage, ChatPart, ChatRequest, FilePart } from '../chat.ts';
import {
  bool,
  count,
  fieldReader,
  given,
  isObject,
  list,
  number,
  strings,
  text,
  unknownFields,
  type JsonObject,
} from '../guards.ts';
import { partsOf, type Place } from './content.ts';
import { ENCRYPTED, formatOf, nameIncluded, reasoningOf, toolChoiceOf, toolsOf, wantsThoughts } from './settings.ts';
import { turnsOf, type Item, type Turn } from './turns.ts';
import { viewOpenAIResponses } from './view.ts';

function reasoningPart(item: JsonObject): ChatPart {
  const thoughts = list(item['content']);
  // Some models tell what they thought, others a summary of it.
  const words = (thoughts.length > 0 ? thoughts : list(item['summary'])).flatMap((part) =>
    isObject(part) ? (text(part['text']) ?? []) : [],
  );
  return given({
    type: 'reasoning' as const,
    text: words.join('\n\n'),
    encrypted: text(item['encrypted_content']),
    id: text(item['id']),
  });
}

function resultPart(item: JsonObject, place: Place): ChatPart {
  const parts = partsOf(item['output'], place);
  const files = parts.filter((part): part is FilePart => part.type === 'file');
  return given({
    type: 'tool-result' as const,
    toolCallId: text(item['call_id']) ?? '',
    toolName: '',
    output: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    files: files.length === 0 ? undefined : files,
  });
}

function callPart(item: JsonObject): ChatPart {
  const input = text(item['arguments']) ?? '';
  return {
    type: 'tool-call',
    toolCallId: text(item['call_id']) ?? '',
    toolName: text(item['name']) ?? '',
    input: input === '' ? '{}' : input,
  };
}

function itemParts({ at, body }: Item, others: Set<string>): ChatPart[] {
  switch (body['type']) {
    case 'function_call':
      return [callPart(body)];
    case 'reasoning':
      return [reasoningPart(body)];
    case 'function_call_output':
      return [resultPart(body, { path: `input[${at}].output`, others })];
    default:
      if (text(body['phase']) !== undefined) others.add('input.phase');
      return partsOf(body['content'], { path: `input[${at}].content`, others });
  }
}

function messageOf({ role, items }: Turn, others: Set<string>): ChatMessage {
  return { role, content: items.flatMap((item) => itemParts(item, others)) };
}

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'include',
  'reasoning',
  'text',
  'user',
  'stream',
  // How a stream is padded.
  'stream_options',
]);

/** Values that say what is so without them. */
const IDLE: Readonly<Record<string, unknown>> = {
  background: false,
  store: false,
  truncation: 'disabled',
  service_tier: 'auto',
};

/** Fields that this type of request has no place for. */
function otherFields(body: JsonObject): Set<string> {
  const names = unknownFields(body, KNOWN).filter((name) => !(name in IDLE) || body[name] !== IDLE[name]);
  const others = new Set(names);
  if (text(body['user']) === undefined && text(body['safety_identifier']) !== undefined)
    others.delete('safety_identifier');
  return others;
}

/**
 * A Responses body as the neutral request. What leans on the provider's state ({@link holdsState}) is only named in
 * `unknown`: such a request must not be translated.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseOpenAIResponses(body: unknown): ChatRequest {
  const view = viewOpenAIResponses(body);
  const fields = isObject(body) ? body : {};
  const others = otherFields(fields);
  const messages = turnsOf(fields, others).map((turn) => messageOf(turn, others));
  const tools = toolsOf(fields['tools'], others);
  const reasoning = reasoningOf(fields['reasoning'], others);
  const proofs = strings(fields['include'])?.includes(ENCRYPTED) === true;
  if (proofs && !wantsThoughts(given({ reasoning, messages }))) others.add(`include.${ENCRYPTED}`);
  const field = fieldReader(fields, others);
  nameIncluded(fields, others);
  const request = given({
    model: text(fields['model']) ?? '',
    messages,
    stream: view.stream,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: toolChoiceOf(fields['tool_choice'], others),
    parallelToolCalls: field('parallel_tool_calls', bool),
    maxOutputTokens: field('max_output_tokens', count),
    temperature: field('temperature', number),
    topP: field('top_p', number),
    responseFormat: formatOf(fields['text'], others),
    reasoning,
    user: text(fields['user']) ?? text(fields['safety_identifier']),
  });
  return others.size === 0 ? request : { ...request, unknown: [...others] };
}
