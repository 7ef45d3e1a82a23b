/** The library without a gateway, on simulated models: `npx tsx examples/library.ts` */
import { Signalbox } from '../src/index.ts';

/** Decides, answers, streams and scores; returns what it printed. */
export async function main(folder = '.signalbox/example'): Promise<string[]> {
  const box = await Signalbox.open({
    storage: { url: `file:${folder}/ledger.db`, journal: `${folder}/journal` },
    providers: {
      simulated: {
        kind: 'simulated',
        models: { little: { skill: { default: 0.5 } }, much: { skill: { default: 0.95 } } },
      },
    },
    models: [
      { id: 'fast', provider: 'simulated', model: 'little', quality: 0.6, price: { input: 0.1, output: 0.4 } },
      { id: 'smart', provider: 'simulated', model: 'much', quality: 0.9, price: { input: 3, output: 12 } },
    ],
    routing: { default: 'smart' },
  });
  const lines: string[] = [];
  const messages = [{ role: 'user', content: 'Convert 3 km to m.' }];

  const decision = await box.route({ messages, strategy: 'cheapest' });
  lines.push(`decided: ${decision.model}, ${decision.reason}`);

  const reply = await box.chat({ messages, decision });
  lines.push(`${reply.model} answered for $${reply.costUsd}`);

  const stream = box.stream({ messages });
  let pieces = 0;
  for await (const event of stream) if (event.type === 'text-delta') pieces++;
  lines.push(`streamed ${pieces} pieces from ${(await stream.final).model}`);

  await box.feedback({ decisionId: reply.decision.id, score: 1 });
  await box.close();
  return lines;
}

if (process.argv[1]?.endsWith('library.ts') === true) for (const line of await main()) console.log(line);
