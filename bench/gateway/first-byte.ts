import { Agent, request } from 'undici';
import { requestBody } from './load.ts';

async function once(agent: Agent, url: string, model: string): Promise<number> {
  const started = performance.now();
  const { body } = await request(`${url}/v1/chat/completions`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: requestBody(model, true),
  });
  let first: number | undefined;
  for await (const _chunk of body) first ??= performance.now() - started;
  return first ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Milliseconds until the first byte of a stream, p50, requests to the two interleaved one by one. */
export async function firstByte(a: { url: string; model: string }, b: { url: string; model: string }, count: number) {
  const agent = new Agent();
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < count + 50; i++) {
    const pair = i % 2 === 0 ? ([a, b] as const) : ([b, a] as const);
    for (const side of pair) {
      const ms = await once(agent, side.url, side.model);
      if (i >= 50) times[side === a ? 0 : 1].push(ms);
    }
  }
  await agent.close();
  return { a: median(times[0]), b: median(times[1]) };
}
