import type { Dispatcher } from 'undici';
import { MAX_ANSWER_BYTES, MAX_ERROR_BYTES, tooLong } from './classify.ts';
import type { CallSignal } from './watch.ts';

/** An answer that has been read to its end; an error as far as its message needs. */
export interface WholeAnswer {
  readonly statusCode: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Buffer;
}

const stopped = () => new Error('the call was ended');

/** Collects one answer without making a stream of it. */
export class WholeReader implements Dispatcher.DispatchHandler {
  readonly answer: Promise<WholeAnswer>;
  #resolve: (answer: WholeAnswer) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #controller: Dispatcher.DispatchController | undefined;
  readonly #signal: CallSignal;
  #statusCode = 0;
  #headers: WholeAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(signal: CallSignal) {
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.once('abort', () => {
      // Whoever waits is told at once, also while there is no connection yet.
      this.#reject(stopped());
      this.#controller?.abort(stopped());
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(stopped());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: WholeAnswer['headers'],
  ): void {
    this.#statusCode = statusCode;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const answers = this.#statusCode < 300;
    if (this.#size < (answers ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES)) return;
    if (answers) this.#reject(tooLong(this.#statusCode));
    else this.#finish();
    controller.abort(stopped());
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }

  #finish(): void {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#resolve({ statusCode: this.#statusCode, headers: this.#headers, body });
  }
}
