import type { ChatRequest, ChatTool } from '../chat.ts';
import type { Rendered } from '../codec.ts';
import { given } from '../guards.ts';
import { traitsOf, type ClaudeTraits } from './claude.ts';
import { fewerMarks } from './marks.ts';
import { blockOf, contentOf } from './part-block.ts';
import { closedSchema, inputSchema } from './schema.ts';
import { thinkingOf } from './thinking.ts';
import { turnsOf, type Turn } from './turns.ts';

/** Blocks of `system`, and turns. A request of instructions alone asks for what they say. */
function saidBy({ messages }: ChatRequest, lost: Set<string>) {
  const rest = messages.filter(({ role }) => role !== 'system');
  const rules = messages.filter(({ role }) => role === 'system').flatMap(({ content }) => content);
  const system = rules.filter((part) => part.type === 'text' && part.text !== '');
  for (const { type } of rules) if (type !== 'text') lost.add(`system.${type}`);
  const alone = rest.length === 0 && system.length > 0;
  return {
    system: alone ? [] : system.map((part) => blockOf(part, lost)),
    turns: turnsOf(alone ? [{ role: 'user', content: system }] : rest, lost),
  };
}

function toolOf({ name, description, inputSchema: schema, strict, cacheControl }: ChatTool): object {
  return given({ name, description, input_schema: inputSchema(schema, strict), strict, cache_control: cacheControl });
}

/** The tools, and which may be called. A history of calls needs their tools, even when none may be called any more. */
function toolsOf({ tools = [], toolChoice, parallelToolCalls }: ChatRequest, turns: readonly Turn[], forced: boolean) {
  if (tools.length > 0) {
    const serial = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls };
    const free = { type: 'auto', ...serial };
    const choice = (): object | undefined => {
      if (toolChoice === undefined) return parallelToolCalls === undefined ? undefined : free;
      if (toolChoice === 'none') return { type: 'none' };
      if (toolChoice === 'auto' || !forced) return free;
      return toolChoice === 'required'
        ? { type: 'any', ...serial }
        : { type: 'tool', name: toolChoice.name, ...serial };
    };
    return { tools: tools.map(toolOf), tool_choice: choice() };
  }
  const called = turns.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'tool-call' ? part.toolName : [])),
  );
  const names = [...new Set(called)];
  return names.length === 0
    ? {}
    : { tools: names.map((name) => toolOf({ name, inputSchema: {} })), tool_choice: { type: 'none' } };
}

/** Settings of sampling that the model takes. */
function samplingOf(request: ChatRequest, { sampling }: ClaudeTraits, thinks: boolean, lost: Set<string>) {
  const { temperature, topP, topK } = request;
  const kept = (is: boolean, path: string): boolean => {
    if (!is) lost.add(path);
    return is;
  };
  const none = sampling === 'none';
  const warm = temperature !== undefined && kept(!none && !thinks, 'temperature');
  if (warm && (temperature > 1 || temperature < 0)) lost.add('temperature');
  return {
    temperature: warm ? Math.max(0, Math.min(1, temperature)) : undefined,
    top_p: topP !== undefined && kept(!none && !(warm && sampling === 'one'), 'top_p') ? topP : undefined,
    top_k: topK !== undefined && kept(!none && !thinks, 'top_k') ? topK : undefined,
  };
}

/** Names what no request of this dialect can say. */
function nameLosses(request: ChatRequest, lost: Set<string>): void {
  const losses: readonly (readonly [boolean, string])[] = [
    [request.seed !== undefined, 'seed'],
    [request.n !== undefined && request.n > 1, 'n'],
    [(request.presencePenalty ?? 0) !== 0, 'presence_penalty'],
    [(request.frequencyPenalty ?? 0) !== 0, 'frequency_penalty'],
    [request.responseFormat !== undefined && request.responseFormat.schema === undefined, 'response_format'],
    [request.stop?.some((words) => words.trim() === '') === true, 'stop'],
  ];
  for (const [is, path] of losses) if (is) lost.add(path);
  for (const path of request.unknown ?? []) lost.add(path);
}

/** The request as a Messages body. */
export function renderAnthropic(asked: ChatRequest): Rendered {
  const lost = new Set<string>();
  const request = fewerMarks(asked, lost);
  const traits = traitsOf(request.model);
  const { system, turns } = saidBy(request, lost);
  const { thinking, effort, maxTokens, thinks } = thinkingOf(request, turns, traits, lost);
  const { tools, tool_choice } = toolsOf(request, turns, traits.forcedTools);
  if (tools !== undefined && !traits.forcedTools && isForced(request)) lost.add('tool_choice');
  const { responseFormat, user } = request;
  const schema = responseFormat?.schema;
  // White space alone is refused.
  const stop = request.stop?.filter((words) => words.trim() !== '');
  nameLosses(request, lost);
  const config = given({
    effort,
    format: schema === undefined ? undefined : { type: 'json_schema', schema: closedSchema(schema) },
  });
  const body = given({
    model: request.model,
    max_tokens: maxTokens,
    system: system.length === 0 ? undefined : contentOf(system),
    messages: turns.map(({ role, parts }) => ({ role, content: contentOf(parts.map((part) => blockOf(part, lost))) })),
    tools,
    tool_choice,
    ...samplingOf(request, traits, thinks, lost),
    stop_sequences: stop === undefined || stop.length === 0 ? undefined : stop,
    metadata: user === undefined ? undefined : { user_id: user },
    thinking,
    output_config: Object.keys(config).length === 0 ? undefined : config,
    stream: request.stream ? true : undefined,
  });
  return { body: Buffer.from(JSON.stringify(body)), lost: [...lost] };
}

function isForced({ toolChoice }: ChatRequest): boolean {
  return toolChoice === 'required' || typeof toolChoice === 'object';
}
