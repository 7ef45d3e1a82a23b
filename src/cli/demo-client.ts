import { z } from 'zod';
import { SignalboxError } from '../errors.ts';
import type { Arm } from './demo-table.ts';

/** What came back for one task. */
export interface DemoReply {
  readonly text: string;
  readonly model: string;
  readonly decisionId: string;
  readonly costUsd: number;
  readonly overheadMs: number;
}

/** A reply that was checked. */
export interface DemoAnswer extends DemoReply {
  readonly right: boolean;
}

const completion = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1) });

function number(response: Response, header: string): number {
  return Number(response.headers.get(header) ?? Number.NaN);
}

/** Talks to the gateway as any OpenAI client would. */
export interface DemoClient {
  ask(prompt: string, arm: Arm): Promise<DemoReply>;
  feedback(decisionId: string, score: number): Promise<void>;
}

/** A client over HTTP. */
export function demoClient(url: string): DemoClient {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return {
    async ask(prompt: string, arm: Arm): Promise<DemoReply> {
      const response = await post(
        '/v1/chat/completions',
        { model: arm.model, messages: [{ role: 'user', content: prompt }] },
        arm.strategy === undefined ? {} : { 'x-signalbox-strategy': arm.strategy },
      );
      const text = await response.text();
      if (!response.ok)
        throw new SignalboxError('provider_error', `the gateway answered ${response.status}: ${text.slice(0, 300)}`);
      const [choice] = completion.parse(JSON.parse(text)).choices;
      return {
        text: choice?.message.content ?? '',
        model: response.headers.get('x-signalbox-model') ?? '',
        decisionId: response.headers.get('x-signalbox-decision-id') ?? '',
        costUsd: number(response, 'x-signalbox-cost-usd'),
        overheadMs: number(response, 'x-signalbox-overhead-ms'),
      };
    },
    async feedback(decisionId: string, score: number): Promise<void> {
      const response = await post('/router/v1/feedback', { decisionId, score });
      if (!response.ok)
        throw new SignalboxError(
          'internal',
          `feedback was refused with ${response.status}: ${(await response.text()).slice(0, 300)}`,
        );
      await response.arrayBuffer();
    },
  };
}
