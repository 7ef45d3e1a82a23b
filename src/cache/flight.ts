/** How long an answer is still made when everyone who wanted it has left, milliseconds: they may come back for it. */
const LINGER_MS = 30_000;

export interface FlightOptions {
  /** Bytes that are held at most for those who come later, and for slow readers. */
  readonly room: number;
  /** Nobody may come any more: it is over, given up, or too long to be held. May be called again. */
  readonly closed: () => void;
  /** All have left, and none came back in time. */
  readonly abandoned: () => void;
  /** All of it, where it came to its end and was held. */
  readonly ended: (whole: Uint8Array | undefined) => void;
}

/** A reader's place: the number of the part that it reads next. */
interface Place {
  next: number;
}

const DONE: IteratorResult<Uint8Array> = { value: undefined, done: true };

/**
 * The bytes of an answer while it is being made, for everyone who asked the same. One that is too long to be held goes at
 * the pace of its slowest reader from then on, as any other stream does.
 */
export class Flight {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #options: FlightOptions;
  readonly #readers = new Set<Place>();
  /** What is held, the first of it being the `#gone`-th part. */
  #parts: Uint8Array[] = [];
  #gone = 0;
  #size = 0;
  #begun = false;
  #over = false;
  #givenUp = false;
  #broken: unknown;
  #news: (() => void)[] = [];
  /** For what waits until every reader has read all there is. */
  #allRead: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(body: AsyncIterable<Uint8Array>, options: FlightOptions) {
    this.#body = body;
    this.#options = options;
  }

  /**
   * A reader from the first byte on, which counts until it has read all or returns. The first one starts it. Undefined
   * when its beginning is not held any more, or nobody has come for it in time.
   */
  follow(): AsyncIterable<Uint8Array> | undefined {
    if (this.#givenUp || this.#tooLong) return undefined;
    clearTimeout(this.#timer);
    const place: Place = { next: 0 };
    this.#readers.add(place);
    if (!this.#begun) void this.#read();
    const iterator: AsyncIterator<Uint8Array> = {
      next: () => this.#next(place),
      return: async () => {
        this.#leave(place);
        return DONE;
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  get #tooLong(): boolean {
    return this.#size > this.#options.room;
  }

  #hasRead({ next }: Place): boolean {
    return next >= this.#gone + this.#parts.length;
  }

  #tell(): void {
    const waiting = this.#news;
    this.#news = [];
    for (const each of waiting) each();
  }

  async #read(): Promise<void> {
    this.#begun = true;
    try {
      for await (const part of this.#body) {
        this.#parts.push(part);
        this.#size += part.length;
        this.#tell();
        if (this.#tooLong) await this.#letGo();
      }
    } catch (error) {
      this.#broken = error;
    }
    this.#over = true;
    clearTimeout(this.#timer);
    this.#options.closed();
    const isHeld = this.#broken === undefined && !this.#tooLong;
    this.#options.ended(isHeld ? Buffer.concat(this.#parts) : undefined);
    this.#tell();
  }

  /** Waits until every reader has read all there is, and holds it no longer. */
  async #letGo(): Promise<void> {
    this.#options.closed();
    if (this.#readers.size === 0) this.#giveUp();
    while ([...this.#readers].some((place) => !this.#hasRead(place))) {
      await new Promise<void>((resolve) => (this.#allRead = resolve));
    }
    this.#gone += this.#parts.length;
    this.#parts = [];
  }

  #giveUp(): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#options.closed();
    this.#options.abandoned();
  }

  #leave(place: Place): void {
    if (!this.#readers.delete(place) || this.#over) return;
    if (this.#readers.size === 0) {
      if (this.#tooLong) this.#giveUp();
      else this.#timer = setTimeout(() => this.#giveUp(), LINGER_MS).unref();
    }
    this.#allRead();
    this.#tell();
  }

  async #next(place: Place): Promise<IteratorResult<Uint8Array>> {
    while (!this.#over && this.#readers.has(place) && this.#hasRead(place)) {
      await new Promise<void>((resolve) => this.#news.push(resolve));
    }
    const value = this.#parts[place.next - this.#gone];
    if (value !== undefined && this.#readers.has(place)) {
      place.next++;
      this.#allRead();
      return { value, done: false };
    }
    this.#leave(place);
    if (this.#broken !== undefined) throw this.#broken;
    return DONE;
  }
}
