import type { Upstream } from '../../catalog/model.ts';
import type { Clock } from '../../clock.ts';
import type { ProviderConfig } from '../../config/schema.ts';
import {
  UpstreamFailure,
  type CallerSignal,
  type Limits,
  type Provider,
  type UpstreamAnswer,
  type WireRequest,
} from '../provider.ts';
import { hashText, seededRandom } from './random.ts';
import { solve } from './tasks.ts';

type SimulatedModel = NonNullable<ProviderConfig['models']>[string];

/** How sharply the chance of a right answer falls where difficulty exceeds skill. */
const SHARPNESS = 9;

interface Reply {
  readonly text: string;
  readonly inputTokens: number;
}

interface Body {
  readonly prompt: string;
  readonly chars: number;
  readonly includeUsage: boolean;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => field(part, 'text'))
    .filter((part) => typeof part === 'string')
    .join('\n');
}

function readBody(bytes: Uint8Array): Body {
  const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const messages = field(parsed, 'messages');
  const list: unknown[] = Array.isArray(messages) ? messages : [];
  const user = list.findLast((message) => field(message, 'role') === 'user');
  return {
    prompt: textOf(field(user, 'content')),
    chars: list.reduce<number>((sum, message) => sum + textOf(field(message, 'content')).length, 0),
    includeUsage: field(field(parsed, 'stream_options'), 'include_usage') === true,
  };
}

/** Simulated models count a token per four characters. */
function tokens(chars: number): number {
  return Math.max(1, Math.ceil(chars / 4));
}

/**
 * Right with probability σ(9·(skill − difficulty) + ½): deterministic in seed, model and prompt. Skill is per topic.
 */
function replyOf(body: Body, name: string, model: SimulatedModel, seed: number): Reply {
  const inputTokens = tokens(body.chars) + 4;
  const solved = solve(body.prompt);
  if (solved === undefined) {
    return { text: `This is a simulated answer of ${name}: no language model was called.`, inputTokens };
  }
  const skill = model.skill[solved.topic] ?? model.skill['default'] ?? 0.5;
  const chance = 1 / (1 + Math.exp(-SHARPNESS * (skill - solved.difficulty) - 0.5));
  const right = seededRandom(hashText(`${seed}/${name}/${body.prompt}`))() < chance;
  return { text: right ? solved.answer : solved.wrong, inputTokens };
}

/** Waits, unless the client leaves or the limit runs out first. */
function wait(ms: number, limit: number, signal: CallerSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => finish(() => reject(new UpstreamFailure('gone', 'the client left')));
    const timer = setTimeout(
      () =>
        finish(() =>
          limit < ms ? reject(new UpstreamFailure('silent', 'no first token within its limit')) : resolve(),
        ),
      Math.min(ms, limit),
    );
    const finish = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', gone);
      then();
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone);
  });
}

function head(name: string, clock: Clock, prompt: string) {
  return {
    id: `chatcmpl-simulated-${hashText(prompt).toString(16)}`,
    created: Math.floor(clock.now() / 1000),
    model: name,
    system_fingerprint: 'simulated',
  };
}

/** Models that no language model stands behind: for demos and tests. Everything they say is marked as simulated. */
export function createSimulated(name: string, config: ProviderConfig, clock: Clock): Provider {
  const models = config.models ?? {};
  const seed = config.seed ?? 0;

  async function* stream(
    words: string,
    model: SimulatedModel,
    base: object,
    usage: object | undefined,
    signal: CallerSignal,
  ): AsyncGenerator<Uint8Array> {
    const event = (body: object) =>
      Buffer.from(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...body })}\n\n`);
    const delta = (content: object, finish: string | null = null) =>
      event({ choices: [{ index: 0, delta: content, finish_reason: finish }] });
    yield delta({ role: 'assistant', content: '' });
    for (const piece of words.match(/\S+\s*|\s+/g) ?? []) {
      await wait((tokens(piece.length) / model.tokensPerSecond) * 1000, Number.POSITIVE_INFINITY, signal);
      yield delta({ content: piece });
    }
    yield delta({}, 'stop');
    if (usage !== undefined) yield event({ choices: [], usage });
    yield Buffer.from('data: [DONE]\n\n');
  }

  async function* whole(body: object): AsyncGenerator<Uint8Array> {
    yield Buffer.from(JSON.stringify(body));
  }

  return {
    name,
    dialects: ['openai-chat'],
    keys: 1,
    prefill: false,
    simulated: true,
    streamUsage: true,
    local: false,
    async call(
      upstream: Upstream,
      request: WireRequest,
      limits: Limits,
      signal: CallerSignal,
    ): Promise<UpstreamAnswer> {
      const model = models[upstream.name];
      if (model === undefined) {
        throw new UpstreamFailure('misconfigured', `provider "${name}" simulates no model "${upstream.name}"`, {
          status: 404,
        });
      }
      const body = readBody(request.body);
      const reply = replyOf(body, upstream.name, model, seed);
      const outputTokens = tokens(reply.text.length);
      const usage = {
        prompt_tokens: reply.inputTokens,
        completion_tokens: outputTokens,
        total_tokens: reply.inputTokens + outputTokens,
      };
      const generation = request.stream ? 0 : (outputTokens / model.tokensPerSecond) * 1000;
      await wait(model.firstToken + generation, Math.min(limits.firstToken, limits.total), signal);
      const base = head(upstream.name, clock, body.prompt);
      if (request.stream) {
        return {
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          body: stream(reply.text, model, base, body.includeUsage ? usage : undefined, signal),
          dialect: 'openai-chat',
          streamed: true,
        };
      }
      const message = { role: 'assistant', content: reply.text };
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: whole({
          ...base,
          object: 'chat.completion',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
        dialect: 'openai-chat',
        streamed: false,
      };
    },
    check: () =>
      Promise.resolve({
        ok: true,
        detail: `simulated: ${Object.keys(models).join(', ')}`,
        models: Object.keys(models),
      }),
  };
}
