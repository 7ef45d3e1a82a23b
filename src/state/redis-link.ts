import type { Redis } from 'ioredis';
import type { RedisAddress } from './redis-address.ts';
import { connectRedis, type RedisClass } from './redis-client.ts';
import { greet } from './redis-greeting.ts';
import { SCRIPTS, type Script } from './redis-scripts.ts';
import { within } from './within.ts';

/** The longest that anything waits for Redis, milliseconds. */
const PATIENCE_MS = 50;
/** Between two looks at whether Redis still answers, milliseconds. */
const BEAT_MS = 1000;
/** After it has answered again, others soon have said that they live, too, milliseconds. */
const FIRST_BEAT_MS = 150;
/** Between two looks at whether it answers again, milliseconds. */
const PROBE_MS = 250;
/** Looks without an answer, after which a connection is given up for a new one. */
const MAX_SILENT_PROBES = 8;
/** What the client says of whatever was asked over a connection that was lost. */
const LOST = 'MaxRetriesPerRequestError';
/** And of what is asked while there is none. */
const UNSENT = /^Stream isn't writeable|^Connection is closed/;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is done with a connection when it comes and goes. */
export interface LinkEvents {
  /** Redis answers, but nobody may ask it yet. A rejection means that it does not. */
  readonly recover: () => Promise<void>;
  /** Whether nothing is left to recover. */
  readonly recovered: () => boolean;
  readonly up: () => void;
  readonly down: (why: string) => void;
  /** It answers, but takes neither this user nor this database. */
  readonly refused: (why: string) => void;
  /** Due about every second. */
  readonly beat: () => Promise<void>;
  readonly message: (channel: string, text: string) => void;
}

/** Two connections to one Redis: one asks, one listens. They are opened again and again while it is not there. */
export class Link {
  readonly #events: LinkEvents;
  readonly #address: RedisAddress;
  readonly #asks: Redis;
  readonly #listens: Redis;
  readonly #channels = new Set<string>();
  /** Connections on which Redis knows who asks. */
  readonly #greeted = new Set<Redis>();
  /** Resolves when Redis has answered, or the first try has failed. */
  readonly tried: Promise<void>;
  #trouble: string | null = 'it was not reached yet';
  /** What the connections last complained of. */
  #complaint = '';
  #refusal: string | null = null;
  #silent = 0;
  #closed = false;
  #looking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: RedisClass, address: RedisAddress, events: LinkEvents) {
    this.#events = events;
    this.#address = address;
    let tried = (): void => {};
    this.tried = new Promise((resolve) => (tried = resolve));
    this.#asks = connectRedis(client, address.url, true);
    this.#listens = connectRedis(client, address.url, false);
    for (const one of this.#both) {
      one.on('error', (error: unknown) => void (this.#complaint = messageOf(error)));
      one.on('close', () => {
        this.#greeted.delete(one);
        const why = this.#complaint || this.#refusal || 'the connection was closed';
        if (this.#trouble !== null) this.#trouble = why;
        this.#fail(why);
        tried();
      });
      one.on('ready', () => {
        this.#complaint = '';
        if (this.#connected && this.#trouble !== null) void this.#look().then(tried);
      });
    }
    this.#listens.on('message', events.message);
    this.#later(PROBE_MS);
  }

  /** Why nothing may be asked now; null while it may. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** What Redis has against the address; null while it takes it, or has not been reached. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Runs a script. Rejects soon when nothing comes, which is trouble until Redis answers again. */
  async run({ sha }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await within(PATIENCE_MS, this.#asks.evalsha(sha, keys.length, ...keys, ...args));
    } catch (error) {
      this.#fail(this.#reasonOf(error));
      throw error;
    }
  }

  /** The bytes under a key; null for none. They may be many: an answer that takes too long is no trouble. */
  async bytes(key: string): Promise<Uint8Array | null> {
    return this.#trouble === null ? within(PATIENCE_MS, this.#asks.getBuffer(key)) : null;
  }

  /** Keeps bytes under a key for `ttl` milliseconds. */
  async keep(key: string, bytes: Uint8Array, ttl: number): Promise<void> {
    if (this.#trouble === null) await this.#asks.set(key, Buffer.from(bytes), 'PX', Math.max(1, Math.ceil(ttl)));
  }

  publish(channel: string, text: string): void {
    if (this.#trouble === null) this.#asks.publish(channel, text).catch(() => {});
  }

  listen(channel: string): void {
    this.#channels.add(channel);
    if (this.#trouble !== null) return;
    this.#listens.subscribe(channel).catch((error: unknown) => this.#fail(this.#reasonOf(error)));
  }

  ignore(channel: string): void {
    this.#channels.delete(channel);
    if (this.#trouble === null) this.#listens.unsubscribe(channel).catch(() => {});
  }

  /** Takes what was asked before to its end, and this process off the list of those that live. */
  async close(list: string, process: string): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#trouble === null) await within(PATIENCE_MS, this.#asks.zrem(list, process)).catch(() => {});
    for (const one of this.#both) one.disconnect();
  }

  get #both(): readonly Redis[] {
    return [this.#asks, this.#listens];
  }

  get #connected(): boolean {
    return this.#both.every(({ status }) => status === 'ready');
  }

  #reasonOf(error: unknown): string {
    const isLost = error instanceof Error && (error.name === LOST || UNSENT.test(error.message));
    return isLost ? this.#complaint || 'the connection was lost' : messageOf(error);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  #fail(why: string): void {
    if (this.#trouble !== null || this.#closed) return;
    this.#trouble = why;
    this.#silent = 0;
    this.#events.down(why);
    this.#later(PROBE_MS);
  }

  /** Whether it still answers. */
  async #beat(): Promise<void> {
    try {
      await Promise.all([within(PATIENCE_MS, this.#listens.ping()), this.#events.beat()]);
    } catch (error) {
      this.#fail(this.#reasonOf(error));
    }
  }

  /** Says on new connections who asks. Rejects when Redis does not want to know. */
  async #greet(): Promise<void> {
    for (const one of this.#both) {
      if (this.#greeted.has(one)) continue;
      // The listener needs no database, and no number may be told to it once it listens.
      const address = one === this.#asks ? this.#address : { ...this.#address, database: 0 };
      const refusal = await within(PATIENCE_MS, greet(one, address));
      if (refusal !== undefined) {
        if (refusal !== this.#refusal) this.#events.refused(refusal);
        this.#refusal = refusal;
        throw new Error(refusal);
      }
      this.#greeted.add(one);
    }
    this.#refusal = null;
  }

  /** Whether it answers again, on both connections. */
  async #probe(): Promise<void> {
    if (!this.#connected) throw new Error(this.#complaint || this.#refusal || 'it cannot be reached');
    await this.#greet();
    await within(PATIENCE_MS, Promise.all(this.#both.map((one) => one.ping())));
    const loaded = Object.values(SCRIPTS).map(({ lua }) => this.#asks.script('LOAD', lua));
    await within(PATIENCE_MS, Promise.all(loaded));
    if (this.#channels.size > 0) await within(PATIENCE_MS, this.#listens.subscribe(...this.#channels));
    await this.#events.beat();
    do await this.#events.recover();
    while (!this.#events.recovered());
    this.#trouble = null;
    this.#silent = 0;
    this.#events.up();
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    if (this.#trouble === null) {
      await this.#beat();
      this.#later(this.trouble === null ? BEAT_MS : PROBE_MS);
    } else {
      try {
        await this.#probe();
        this.#later(FIRST_BEAT_MS);
      } catch (error) {
        this.#trouble = this.#reasonOf(error);
        this.#silent++;
        if (this.#silent % MAX_SILENT_PROBES === 0) for (const one of this.#both) one.disconnect(true);
        this.#later(PROBE_MS);
      }
    }
    this.#looking = false;
  }
}
