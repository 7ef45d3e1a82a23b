import { defineCommand } from 'citty';
import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { percent, usd } from '../decide/words.ts';
import { SignalboxError } from '../errors.ts';
import { explainRoute } from '../flow/explain.ts';
import { openOffline } from './offline.ts';
import { print, printJson, table } from './print.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

/** The same configuration, decided by one artifact everywhere; its path starts from the working directory. */
function withArtifact(loaded: LoadedConfig, artifact: string): LoadedConfig {
  const router = resolve(artifact);
  const { config } = loaded;
  const roles = Object.entries(config.roles).map(([name, role]) => [name, { ...role, router }] as const);
  return {
    ...loaded,
    config: { ...config, routing: { ...config.routing, router }, roles: Object.fromEntries(roles) },
  };
}

export const route = defineCommand({
  meta: {
    name: 'route',
    description: 'Explain which model a text would go to; calls no model but a configured embedder',
  },
  args: {
    text: { type: 'positional', required: true, description: 'The user message; - reads it from standard input' },
    ...SOURCE_ARGS,
    strategy: {
      type: 'string',
      alias: 's',
      description: 'quality-first, balanced, cost-first, keepQuality=0.97, budgetPer1k=2.5, …',
    },
    role: { type: 'string', description: 'A role of the configuration' },
    artifact: { type: 'string', description: 'Decide with this artifact of signalbox train', valueHint: 'file' },
    model: { type: 'string', default: 'auto', description: 'As a client would send it' },
  },
  async run({ args }) {
    const [, more] = args._;
    if (more !== undefined) {
      throw new SignalboxError(
        'invalid_request',
        `there is no use for "${more.slice(0, 80)}"; put the message in quotes`,
      );
    }
    const text = args.text === '-' ? await readStdin() : args.text;
    const { loaded } = await findSource(args);
    const { snapshot, runtime } = await openOffline(
      args.artifact === undefined ? loaded : withArtifact(loaded, args.artifact),
    );
    const request = {
      dialect: 'openai-chat' as const,
      parsed: { model: args.model, messages: [{ role: 'user', content: text }] },
      wishes: {
        model: args.model,
        ...(args.strategy === undefined ? {} : { strategy: args.strategy }),
        ...(args.role === undefined ? {} : { headerRole: args.role }),
      },
    };
    const { decision, provider, explain } = await explainRoute(request, snapshot, runtime, runtime.newId());
    if (args.json === true) return printJson({ decision, model: decision.chosen, provider, explain });
    print(
      `${decision.chosen}  (${provider})`,
      `  why         ${decision.reason}`,
      `  router      ${decision.versions.router}`,
      `  sure        ${percent(decision.confidence)} that it meets the strategy's target`,
      ...(decision.flip === undefined ? [] : [`  flip        ${decision.flip}`]),
      ...explain.map((line) => `              ${line}`),
      ...(decision.warnings ?? []).map((warning) => `  warning     ${warning}`),
      ...decision.dropped.map((drop) => `  left out    ${drop.model}: ${drop.detail}`),
      `  tokens      about ${decision.query.inputTokens} in`,
      '',
      table(
        [
          { title: 'candidate' },
          { title: 'quality', align: 'right' },
          { title: '±', align: 'right' },
          { title: 'expected cost', align: 'right' },
        ],
        decision.ranking.map((row) => [
          row.model,
          percent(row.quality),
          percent(row.stderr),
          row.costUsd === null ? 'unknown' : usd(row.costUsd),
        ]),
      ),
    );
  },
});

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
