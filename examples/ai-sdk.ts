/** The AI SDK on a box of simulated models: `npx tsx examples/ai-sdk.ts` */
import { generateText, streamText } from 'ai';
import { signalbox } from '../src/ai-sdk/index.ts';
import { Signalbox } from '../src/index.ts';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Asks and streams through the AI SDK; returns what it printed. */
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
  const model = signalbox(box)('auto', { strategy: 'largest', tags: { app: 'example' } });
  const prompt = 'Convert 3 km to m.';

  const { text, providerMetadata } = await generateText({
    model,
    prompt,
    providerOptions: { signalbox: { strategy: 'cheapest' } },
  });
  lines.push(`${textOf(providerMetadata?.['signalbox']?.['model'])} answered: ${text}`);

  const streamed = streamText({ model, prompt });
  let pieces = 0;
  for await (const _piece of streamed.textStream) pieces++;
  const told = (await streamed.providerMetadata)?.['signalbox'];
  lines.push(`streamed ${pieces} pieces from ${textOf(told?.['model'])}: ${textOf(told?.['reason'])}`);

  await box.feedback({ decisionId: textOf(told?.['decisionId']), score: 1 });
  await box.close();
  return lines;
}

if (process.argv[1]?.endsWith('ai-sdk.ts') === true) for (const line of await main()) console.log(line);
