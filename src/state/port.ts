import type { PrimaryMessage, WorkerMessage } from './messages.ts';

/** A way to another process of this gateway: what is sent arrives in order. */
export interface Port {
  send(messages: readonly unknown[]): void;
  /** Called with what arrives. */
  receive(heard: (messages: readonly unknown[]) => void): void;
  /** Called once, when the other process is gone. */
  closed(gone: () => void): void;
}

/** Sends what is said in one turn of the event loop together. */
export function batched(port: Port): (message: WorkerMessage | PrimaryMessage) => void {
  let batch: (WorkerMessage | PrimaryMessage)[] = [];
  const flush = (): void => {
    const messages = batch;
    batch = [];
    port.send(messages);
  };
  return (message) => {
    if (batch.push(message) === 1) setImmediate(flush);
  };
}
