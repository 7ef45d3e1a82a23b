/**
 * Replays recorded outcomes through a real gateway: models declared under the names and prices of a routing dataset,
 * and an upstream that answers each query as well as the named model once did. Prints quality and cost per strategy.
 *
 *   npx tsx examples/recorded.ts <dataset.jsonl.gz> <prices.json>
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { checkedConfig } from '../src/checked.ts';
import type { ConfigInput } from '../src/config/schema.ts';
import { serveGateway } from '../src/gateway/serve.ts';
import { openEngine } from '../src/signalbox.ts';

/** A query and what models once did with it. */
export interface RecordedRow {
  readonly query: string;
  /** Billed; four characters are a token where nothing is said. */
  readonly inputTokens?: number;
  readonly outcomes: Readonly<Record<string, { readonly score: number; readonly output_chars?: number | null }>>;
}

/** List prices in USD per million tokens, by model. */
export interface Prices {
  readonly models: Readonly<Record<string, { readonly input_per_m: number; readonly output_per_m: number }>>;
}

/** What one strategy reached over all queries. */
export interface ArmResult {
  readonly arm: string;
  readonly queries: number;
  /** Mean recorded score. */
  readonly quality: number;
  /** USD, as the ledger has it. */
  readonly costUsd: number;
  /** Requests whose cost in the ledger is not what tokens and price make. */
  readonly wrong: number;
  /** Share of answers by model. */
  readonly models: Readonly<Record<string, number>>;
}

const CHARS_PER_TOKEN = 4;
const PARALLEL = 16;

/** Reads the first `count` queries to replay; the rest is only used for each model's mean quality. */
export async function readRecorded(dataset: string, prices: string, count: number) {
  const text = gunzipSync(await readFile(dataset)).toString('utf8');
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedRow);
  const priced = JSON.parse(await readFile(prices, 'utf8')) as Prices;
  const names = Object.keys(rows[0]?.outcomes ?? {}).filter((name) => priced.models[name] !== undefined);
  const whole = rows.filter((row) => names.every((name) => row.outcomes[name] !== undefined));
  const unique = [...new Map(whole.map((row) => [row.query, row])).values()];
  return { names, prices: priced, test: unique.slice(0, count), train: unique.slice(count) };
}

type Recorded = Awaited<ReturnType<typeof readRecorded>>;

const tokensOf = (chars: number) => Math.ceil(chars / CHARS_PER_TOKEN);

/** An OpenAI-compatible upstream that answers as recorded; the text of an answer is its score. */
export function startReplay(rows: readonly RecordedRow[]): Promise<{ readonly url: string; readonly server: Server }> {
  const byQuery = new Map(rows.map((row) => [row.query, row]));
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as {
        model: string;
        messages: { content: string }[];
      };
      const query = body.messages.at(-1)?.content ?? '';
      const row = byQuery.get(query);
      const outcome = row?.outcomes[body.model];
      const usage = {
        prompt_tokens: row?.inputTokens ?? tokensOf(query.length),
        completion_tokens: tokensOf(outcome?.output_chars ?? 0),
      };
      const message = { role: 'assistant', content: String(outcome?.score ?? 0) };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          model: body.model,
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, server }),
    );
  });
}

function configOf({ names, prices, train }: Recorded, baseUrl: string, folder: string): ConfigInput {
  const mean = (name: string) => train.reduce((sum, row) => sum + (row.outcomes[name]?.score ?? 0), 0) / train.length;
  const models = names.map((name) => ({
    id: name,
    provider: 'recorded',
    model: name,
    quality: mean(name),
    price: { input: prices.models[name]?.input_per_m ?? 0, output: prices.models[name]?.output_per_m ?? 0 },
    contextWindow: 128_000,
  }));
  const best = models.toSorted((a, b) => b.quality - a.quality)[0]?.id ?? '';
  return {
    server: { port: 0 },
    storage: { url: `file:${folder}/ledger.db`, journal: `${folder}/journal` },
    providers: { recorded: { kind: 'openai', baseUrl, apiKey: 'none' } },
    models,
    routing: { router: 'prior', default: best },
    roles: { rules: { router: 'complexity' } },
  };
}

const ARMS = [
  { arm: 'static', strategy: 'static' },
  { arm: 'quality-first', strategy: 'quality-first' },
  { arm: 'balanced', strategy: 'balanced' },
  { arm: 'cost-first', strategy: 'cost-first' },
  { arm: 'balanced (complexity)', strategy: 'balanced', role: 'rules' },
  { arm: 'cost-first (complexity)', strategy: 'cost-first', role: 'rules' },
  { arm: 'random', strategy: 'random' },
  { arm: 'cheapest', strategy: 'cheapest' },
] as const;

/** Exact nano-dollars of one answer: prices are decimals with at most six digits. */
function expectedNano(query: string, model: string, { prices, test }: Recorded): bigint {
  const price = prices.models[model];
  const outcome = test.find((row) => row.query === query)?.outcomes[model];
  const pico = (usd: number) => BigInt(Math.round(usd * 1e6));
  const total =
    BigInt(tokensOf(query.length)) * pico(price?.input_per_m ?? 0) +
    BigInt(tokensOf(outcome?.output_chars ?? 0)) * pico(price?.output_per_m ?? 0);
  const [whole, rest] = [total / 1000n, total % 1000n];
  return rest > 500n || (rest === 500n && whole % 2n === 1n) ? whole + 1n : whole;
}

/** One answer: which model gave it, and how well it once did. */
export interface RecordedAnswer {
  /** Of the request, in the ledger. */
  readonly id: string;
  readonly query: string;
  readonly model: string;
  readonly score: number;
}

/** Asks a gateway every query once, some at a time. */
export async function askAll(
  url: string,
  queries: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<RecordedAnswer[]> {
  const answers: RecordedAnswer[] = [];
  const queue = queries.values();
  const worker = async () => {
    for (const query of queue) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: query }] }),
      });
      const body = (await response.json()) as { choices: { message: { content: string } }[] };
      const header = (name: string) => response.headers.get(`x-signalbox-${name}`) ?? '';
      answers.push({
        id: header('request-id'),
        query,
        model: header('model'),
        score: Number(body.choices[0]?.message.content),
      });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return answers;
}

/** Sends every query once per strategy over HTTP, and checks each request's cost in the ledger. */
export async function replayRecorded(recorded: Recorded): Promise<ArmResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-recorded-'));
  const replay = await startReplay(recorded.test);
  const engine = await openEngine(await checkedConfig(configOf(recorded, replay.url, folder), {}));
  const gateway = await serveGateway({ engine });
  const results: ArmResult[] = [];
  try {
    for (const { arm, strategy, ...rest } of ARMS) {
      const answers = await askAll(
        gateway.url,
        recorded.test.map(({ query }) => query),
        { 'x-signalbox-strategy': strategy, ...('role' in rest ? { 'x-signalbox-role': rest.role } : {}) },
      );
      await engine.ledger.flush();
      let cost = 0n;
      let wrong = 0;
      const models: Record<string, number> = {};
      for (const { id, query, model } of answers) {
        const booked = (await engine.ledger.store.entry(id))?.outcome?.cost ?? null;
        if (booked !== expectedNano(query, model, recorded)) wrong++;
        cost += booked ?? 0n;
        models[model] = (models[model] ?? 0) + 1 / answers.length;
      }
      const quality = answers.reduce((sum, { score }) => sum + score, 0) / answers.length;
      results.push({ arm, queries: answers.length, quality, costUsd: Number(cost) / 1e9, wrong, models });
    }
  } finally {
    await gateway.close();
    await engine.close();
    replay.server.close();
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

/** The results beside `static`, one line each. */
export function recordedTable(results: readonly ArmResult[]): string {
  const base = results[0];
  const lines = results.map(({ arm, quality, costUsd, models }) => {
    const share = (value: number, of: number | undefined) => `${((100 * value) / (of ?? 1)).toFixed(1)} %`.padStart(8);
    const used = Object.entries(models)
      .sort(([, a], [, b]) => b - a)
      .slice(0, 3)
      .map(([name, part]) => `${name} ${Math.round(part * 100)} %`);
    return `${arm.padEnd(24)} quality ${quality.toFixed(4)} ${share(quality, base?.quality)}   cost $${costUsd.toFixed(5)} ${share(costUsd, base?.costUsd)}   ${used.join(', ')}`;
  });
  return [`${base?.queries ?? 0} queries per strategy; shares are of static`, ...lines].join('\n');
}

const [dataset, prices] = process.argv.slice(2);
const called = process.argv[1]?.endsWith('recorded.ts') === true;
if (called && dataset !== undefined && prices !== undefined) {
  console.log(recordedTable(await replayRecorded(await readRecorded(dataset, prices, 500))));
} else if (called) {
  console.error('usage: npx tsx examples/recorded.ts <dataset.jsonl.gz> <prices.json>');
  process.exitCode = 2;
}
