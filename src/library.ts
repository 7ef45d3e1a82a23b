import {
  checkFeedback,
  checkForget,
  infoOf,
  promptsOf,
  routeRequestOf,
  type ChatOptions,
  type FeedbackInput,
} from './chat-options.ts';
import { checkedConfig, checkedFile } from './checked.ts';
import type { ConfigInput } from './config/schema.ts';
import { SignalboxError } from './errors.ts';
import { answer } from './flow/answer.ts';
import { routeWithVector } from './flow/embed.ts';
import type { Answer } from './flow/passage.ts';
import { recordOf, type Routed } from './flow/route.ts';
import { readStats, type Stats } from './flow/stats.ts';
import type { ForgetFilter, Forgotten } from './ledger/erasure.ts';
import type { ChatEvent } from './protocol/chat.ts';
import { codecOf } from './protocol/registry.ts';
import { createCollector, publicDecision, type Reply, type RouteDecision } from './reply.ts';
import { openEngine, type Engine, type EngineOptions } from './signalbox.ts';

/** A streamed answer: iterate it, then `final` is the reply. */
export interface ReplyStream extends AsyncIterable<ChatEvent> {
  readonly final: Promise<Reply>;
  /** Those of the reply, as far as they are known: from the first event on. */
  readonly warnings: readonly string[];
}

/** The library: one engine, in this process. */
export interface Signalbox {
  /** Decides; calls no model but a configured embedder. */
  route(options: ChatOptions): Promise<RouteDecision>;
  /** Decides and answers. Throws {@link SignalboxError} when no upstream could. */
  chat(options: ChatOptions): Promise<Reply>;
  /** The same, as events. */
  stream(options: ChatOptions): ReplyStream;
  /** Scores an earlier decision or session, 0..1: stored, not yet learnt from. */
  feedback(feedback: FeedbackInput): Promise<void>;
  /** Forgets prompts, what was read of requests, comments, and names of sessions and end users; money stays. */
  forget(whose: ForgetFilter): Promise<Forgotten>;
  stats(): Promise<Stats>;
  /** Waits for what is in flight, flushes the ledger and closes every connection. */
  close(): Promise<void>;
  readonly engine: Engine;
}

/** Decides unless that is done, and starts the answer. */
async function begin(
  engine: Engine,
  options: ChatOptions,
  stream: boolean,
  made: Routed | undefined,
  signal: AbortSignal,
) {
  const { runtime } = engine;
  const snapshot = engine.snapshot();
  const id = runtime.newId();
  const started = runtime.clock.elapsed();
  const request = routeRequestOf(options, stream);
  const info = infoOf(options, request.wishes.model);
  const routed = made ?? (await routeWithVector(request, snapshot, runtime, id));
  const answered = await answer(
    {
      ...request,
      id,
      body: Buffer.from(JSON.stringify(request.parsed)),
      stream,
      info,
      headers: {},
      prompts: promptsOf(options),
      explain: false,
      signal,
      started,
      waited: 0,
      routed,
    },
    snapshot,
    runtime,
  );
  if (answered.error !== undefined) throw answered.error;
  return { answered, decision: publicDecision(routed) };
}

/** What an answer asks of its box, and tells it beside its events. */
interface Listener {
  /** The decision that was made before, if any. */
  readonly madeFor: (options: ChatOptions) => Routed | undefined;
  /** The reply, once, or why there is none. */
  readonly done: (reply: Promise<Reply>) => void;
  /** The answer has begun. */
  readonly heard?: (answer: Answer) => void;
}

/** The events of one answer. */
async function* eventsOf(
  engine: Engine,
  options: ChatOptions,
  stream: boolean,
  { madeFor, done, heard }: Listener,
): AsyncGenerator<ChatEvent> {
  const left = new AbortController();
  let told = false;
  const tell = (reply: Promise<Reply>) => {
    told = true;
    // Whoever waits for the reply gets its failure; nobody has to.
    reply.catch(() => {});
    done(reply);
  };
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([left.signal, options.signal]);
  try {
    const { answered, decision } = await begin(engine, options, stream, madeFor(options), signal);
    heard?.(answered);
    const collector = createCollector();
    for await (const event of codecOf('openai-chat').decode(answered.body, stream)) {
      collector.add(event);
      yield event;
    }
    const reply = collector.reply(answered, decision);
    tell(reply);
    await reply;
  } catch (error) {
    if (!told) tell(Promise.reject(error));
    throw error;
  } finally {
    left.abort();
    if (!told) tell(Promise.reject(new SignalboxError('client_closed', 'the stream was left before its end')));
  }
}

/** The library face over an engine that is open. */
export function createSignalbox(engine: Engine): Signalbox {
  const { runtime } = engine;
  const made = new WeakMap<RouteDecision, Routed>();
  const open = new Set<Promise<unknown>>();

  const madeFor = (options: ChatOptions): Routed | undefined => {
    if (options.decision === undefined) return undefined;
    const routed = made.get(options.decision);
    if (routed === undefined) {
      throw new SignalboxError('invalid_request', 'decision: expected the object that route() of this box returned', {
        param: 'decision',
      });
    }
    return routed;
  };

  const track = <T>(work: Promise<T>): Promise<T> => {
    const watched = work.catch(() => undefined).finally(() => open.delete(watched));
    open.add(watched);
    return work;
  };

  return {
    engine,
    async route(options) {
      const request = routeRequestOf(options, false);
      const routed = await routeWithVector(request, engine.snapshot(), runtime, runtime.newId());
      runtime.recent.decided(recordOf(routed.decision));
      const decision = publicDecision(routed);
      made.set(decision, routed);
      return decision;
    },
    async chat(options) {
      let reply: Promise<Reply> | undefined;
      const run = async () => {
        const keep = (done: Promise<Reply>) => {
          reply = done;
        };
        for await (const _event of eventsOf(engine, options, false, { madeFor, done: keep })) continue;
        return reply;
      };
      const answered = await track(run());
      if (answered === undefined) throw new SignalboxError('internal', 'the answer ended without a reply');
      return answered;
    },
    stream(options) {
      let resolve: (reply: Promise<Reply>) => void = () => {};
      const final = new Promise<Reply>((done) => (resolve = done));
      // A caller who only iterates gets the error there; `final` must not crash the process beside it.
      final.catch(() => {});
      let answer: Answer | undefined;
      const heard = (given: Answer) => void (answer = given);
      const source = eventsOf(engine, options, true, { madeFor, done: (reply) => resolve(reply), heard });
      const begun = () => {
        void track(final).catch(() => {});
        return source;
      };
      return {
        final,
        get warnings() {
          return [...(answer?.warnings ?? [])];
        },
        [Symbol.asyncIterator]: begun,
      };
    },
    async feedback(feedback) {
      const record = checkFeedback(feedback);
      runtime.journal.score({ kind: 'feedback', id: runtime.newId(), at: runtime.clock.now(), ...record });
    },
    async forget(whose) {
      return engine.forgetting.forget(checkForget(whose));
    },
    stats: () => readStats(engine),
    async close() {
      await Promise.all(open);
      await engine.close();
    },
  };
}

/**
 * The library's door.
 *
 * @example
 * ```ts
 * const box = await Signalbox.open('signalbox.yaml');
 * const reply = await box.chat({ messages: [{ role: 'user', content: 'Hello' }] });
 * console.log(reply.text, reply.costUsd, reply.decision.reason);
 * await box.close();
 * ```
 */
export const Signalbox = {
  /**
   * Opens an engine on a config file or object.
   * @throws `config_invalid` with every problem and its position; `storage_unavailable`.
   */
  async open(source: string | ConfigInput, options: EngineOptions = {}): Promise<Signalbox> {
    const { env } = process;
    const load = typeof source === 'string' ? checkedFile(source, env) : checkedConfig(source, env);
    return createSignalbox(await openEngine(await load, options));
  },
};
