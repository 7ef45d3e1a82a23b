import type { Activity } from './api.ts';

const RETRY_MS = 2000;

export type LiveState = 'connecting' | 'live' | 'lost';

/** Splits server-sent events out of a growing text; the rest is kept for the next call. */
function createReader(onRequest: (activity: Activity) => void) {
  let rest = '';
  return (text: string): void => {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const lines = part.split('\n');
      const data = lines.find((line) => line.startsWith('data: '))?.slice('data: '.length);
      if (data !== undefined && lines.includes('event: request')) onRequest(JSON.parse(data) as Activity);
    }
  };
}

async function follow(onState: (state: LiveState) => void, onRequest: (activity: Activity) => void): Promise<void> {
  const response = await fetch('../router/v1/events');
  if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
  onState('live');
  const read = createReader(onRequest);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) read(step.value);
}

/** Follows requests as they settle; connects again when the stream ends. */
export function followRequests(onState: (state: LiveState) => void, onRequest: (activity: Activity) => void): void {
  const again = () => {
    onState('lost');
    setTimeout(connect, RETRY_MS);
  };
  const connect = () => {
    follow(onState, onRequest).then(again, again);
  };
  onState('connecting');
  connect();
}
