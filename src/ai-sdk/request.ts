import type { LanguageModelV3CallOptions, SharedV3Warning } from '@ai-sdk/provider';
import type { ChatOptions } from '../chat-options.ts';
import { SignalboxError } from '../errors.ts';
import type { ChatRequest, ChatTool } from '../protocol/chat.ts';
import { given, isObject, list, type JsonObject } from '../protocol/guards.ts';
import { effortOf } from '../protocol/reasoning-effort.ts';
import { codecOf } from '../protocol/registry.ts';
import { messagesOf, type Lose } from './prompt.ts';

/** Wishes of a model; `providerOptions.signalbox` of a call says the same for one call, and wins. */
export interface SignalboxSettings {
  readonly strategy?: string;
  readonly role?: string;
  readonly session?: string;
  readonly user?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** How much to think: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`. */
  readonly reasoningEffort?: string;
}

/** A call as the library takes it, and what of it is lost. */
export interface LibraryCall {
  readonly options: ChatOptions;
  readonly warnings: SharedV3Warning[];
}

const WISHES: ReadonlySet<string> = new Set(['strategy', 'role', 'session', 'user', 'tags']);

function toolsOf(tools: LanguageModelV3CallOptions['tools'], lose: Lose): readonly ChatTool[] | undefined {
  const found = (tools ?? []).flatMap((tool): ChatTool[] => {
    if (tool.type === 'provider') {
      lose(`tool ${tool.id}`);
      return [];
    }
    const { name, description, inputSchema, strict } = tool;
    return [{ name, inputSchema, ...given({ description, strict }) }];
  });
  return found.length === 0 ? undefined : found;
}

function toolChoiceOf(choice: LanguageModelV3CallOptions['toolChoice']): ChatRequest['toolChoice'] {
  return choice?.type === 'tool' ? { name: choice.toolName } : choice?.type;
}

function formatOf(format: LanguageModelV3CallOptions['responseFormat']): ChatRequest['responseFormat'] {
  if (format?.type !== 'json') return undefined;
  return given({ type: 'json' as const, schema: format.schema, name: format.name });
}

function reasoningOf(effort: unknown): ChatRequest['reasoning'] {
  if (effort === undefined) return undefined;
  const known = effortOf(effort);
  if (known !== undefined) return { effort: known };
  throw new SignalboxError('invalid_request', `reasoningEffort: unknown level ${JSON.stringify(effort)}`, {
    param: 'reasoningEffort',
  });
}

/** The library's options for a call of the AI SDK. */
export function libraryCall(
  model: string,
  settings: SignalboxSettings,
  call: LanguageModelV3CallOptions,
  stream: boolean,
): LibraryCall {
  const lost = new Set<string>();
  const lose: Lose = (feature) => void lost.add(feature);
  const { reasoningEffort, ...own }: JsonObject = { ...settings, ...call.providerOptions?.['signalbox'] };
  for (const name of Object.keys(own)) if (!WISHES.has(name)) lose(`providerOptions.signalbox.${name}`);
  const tools = toolsOf(call.tools, lose);
  const request: ChatRequest = given({
    model,
    stream,
    messages: messagesOf(call.prompt, lose),
    tools,
    toolChoice: tools === undefined ? undefined : toolChoiceOf(call.toolChoice),
    maxOutputTokens: call.maxOutputTokens,
    temperature: call.temperature,
    topP: call.topP,
    topK: call.topK,
    presencePenalty: call.presencePenalty,
    frequencyPenalty: call.frequencyPenalty,
    stop: call.stopSequences,
    seed: call.seed,
    responseFormat: formatOf(call.responseFormat),
    reasoning: reasoningOf(reasoningEffort),
  });
  const rendered = codecOf('openai-chat').render(request);
  for (const path of rendered.lost) lose(path);
  const body: unknown = JSON.parse(Buffer.from(rendered.body).toString('utf8'));
  const fields = isObject(body) ? body : {};
  const wishes = Object.fromEntries(Object.entries(own).filter(([name]) => WISHES.has(name)));
  return {
    // The library checks what it is given.
    options: {
      ...fields,
      messages: list(fields['messages']),
      ...wishes,
    },
    warnings: [...lost].map((feature) => ({ type: 'unsupported', feature })),
  };
}
