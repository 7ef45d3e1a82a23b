import { UpstreamFailure, type Provider } from './provider.ts';

/** Stands in for a kind whose wire is not yet in effect: the configuration stays valid, calls fail with a clear reason. */
export function createUnavailable(name: string, kind: string): Provider {
  const detail = `kind ${kind} is not yet in effect`;
  return {
    name,
    dialects: ['openai-chat'],
    keys: 1,
    prefill: false,
    simulated: false,
    streamUsage: false,
    local: false,
    call: () => Promise.reject(new UpstreamFailure('misconfigured', detail, { unsent: true })),
    check: () => Promise.resolve({ ok: false, detail }),
  };
}
