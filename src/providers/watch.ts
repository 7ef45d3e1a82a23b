import { EventEmitter } from 'node:events';
import { UpstreamFailure, type CallerSignal } from './provider.ts';

/** Emits `abort`; an `AbortController` costs ten times as much, with every request. */
export class CallSignal extends EventEmitter {
  aborted = false;

  abort(): void {
    this.aborted = true;
    this.emit('abort');
  }
}

/** Ends one upstream call when the client leaves or a limit runs out, and remembers why. */
export interface CallWatch {
  /** Aborts when the call is to end. */
  readonly signal: CallSignal;
  /** Why it was ended; undefined while it was not. */
  readonly reason: () => UpstreamFailure | undefined;
  /** Fails the call after `ms` milliseconds, unless something else is limited first. */
  limit(ms: number, message: string): void;
  /**
   * From now on the upstream may be silent for `ms` milliseconds; call `beat` before and after each read. Time in which
   * nobody reads does not count. No timer is touched per byte.
   */
  idle(ms: number): void;
  beat(reading: boolean): void;
  /** The call is over: no timer and no listener stays. */
  end(): void;
}

/** Timers of one length share a list in Node: long limits are rounded up, so that requests do not make one each. */
function coarse(ms: number): number {
  return ms < 1000 ? Math.max(0, ms) : Math.ceil(ms / 250) * 250;
}

/** Watches over one call on behalf of a client's signal. */
export function watchCall(client: CallerSignal, elapsed: () => number): CallWatch {
  const signal = new CallSignal();
  let timer: NodeJS.Timeout | undefined;
  let reason: UpstreamFailure | undefined;
  let last = 0;
  let waiting = false;
  const stop = (failure: UpstreamFailure) => {
    if (reason !== undefined) return;
    reason = failure;
    clearTimeout(timer);
    signal.abort();
  };
  const left = () => stop(new UpstreamFailure('gone', 'the client left'));
  if (client.aborted) left();
  else client.addEventListener('abort', left);

  return {
    signal,
    reason: () => reason,
    limit(ms, message) {
      clearTimeout(timer);
      timer = setTimeout(() => stop(new UpstreamFailure('silent', message)), coarse(ms));
    },
    idle(ms) {
      clearTimeout(timer);
      last = elapsed();
      const check = () => {
        const quiet = waiting ? elapsed() - last : 0;
        if (quiet >= ms)
          stop(new UpstreamFailure('silent', `no byte for ${ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`}`));
        else timer = setTimeout(check, ms - quiet);
      };
      timer = setTimeout(check, ms);
    },
    beat(reading) {
      waiting = reading;
      last = elapsed();
    },
    end() {
      clearTimeout(timer);
      client.removeEventListener('abort', left);
    },
  };
}
