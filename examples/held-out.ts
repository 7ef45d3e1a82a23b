/**
 * Is what an evaluation promises what a gateway gives? Holds 1 000 queries of a routing dataset out, trains on the others,
 * lets the evaluation judge the held-out ones, and sends them over HTTP through a gateway that routes with the artifact,
 * to an upstream that answers each query as well as the named model once did.
 *
 *   npx tsx examples/held-out.ts <dataset.jsonl.gz> <prices.json> [router] [seed] [recorded]
 *
 * The dataset counts four characters as a token, which is 37 % fewer than a tokenizer counts on MMLU-Pro (o200k; the
 * gateway's estimate is 2 % off). Input is therefore billed as the gateway estimates it, to those who train, judge and
 * serve alike; with `recorded` the dataset's own costs are learnt and judged, and four characters are billed as a token.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedConfig } from '../src/checked.ts';
import type { ConfigInput } from '../src/config/schema.ts';
import { expectedCost } from '../src/decide/estimate.ts';
import { lambdaFor, type LambdaSample } from '../src/decide/lambda.ts';
import { computeFeatures } from '../src/query/features.ts';
import { serveGateway } from '../src/gateway/serve.ts';
import { activate } from '../src/routers/activate.ts';
import type { Artifact } from '../src/routers/artifact.ts';
import { seededRandom, shuffledIndices } from '../src/routers/numeric/random.ts';
import { TRAINABLES } from '../src/routers/trainables.ts';
import type { Trainable } from '../src/routers/trained.ts';
import { openEngine } from '../src/signalbox.ts';
import { writeArtifact } from '../src/training/artifact-file.ts';
import { groupsOf } from '../src/training/dataset/groups.ts';
import { loadDataset } from '../src/training/dataset/load.ts';
import type { DatasetRow } from '../src/training/dataset/row.ts';
import { queryOf, toTrainingSet } from '../src/training/dataset/training-set.ts';
import { namedModel } from '../src/catalog/model.ts';
import { trainAndTest } from '../src/training/evaluate/evaluate.ts';
import type { StrategyReport } from '../src/training/evaluate/report.ts';
import { chooseByStrategies, STRATEGIES, type StrategyName } from '../src/training/evaluate/strategies.ts';
import { pickColumns, predictAll } from '../src/training/evaluate/tables.ts';
import { trainArtifact } from '../src/training/train.ts';
import { askAll, startReplay, type Prices, type RecordedRow } from './recorded.ts';

/** A dataset with some queries held out. */
export interface HeldOut {
  readonly rows: readonly DatasetRow[];
  readonly prices: Prices;
  /** The models with a price. */
  readonly names: readonly string[];
  /** Rows to learn from, and rows whose query is asked nowhere among those. */
  readonly train: Int32Array;
  readonly test: Int32Array;
  /** Input tokens that the upstream bills. */
  readonly billed: (row: DatasetRow) => number;
}

/** How input is billed, see above. */
export type Billing = 'estimated' | 'recorded';

const tokensOf = (chars: number) => Math.ceil(chars / 4);

/** The row at its models' list prices for as many input tokens, where they have one. */
function priced(row: DatasetRow, prices: Prices, inputTokens: number): DatasetRow {
  const outcomes = Object.entries(row.outcomes).map(([name, outcome]) => {
    const price = prices.models[name];
    if (price === undefined) return [name, outcome] as const;
    const output = tokensOf(outcome.outputChars ?? 0);
    const costEstUsd = (inputTokens * price.input_per_m + output * price.output_per_m) / 1e6;
    return [name, { ...outcome, costEstUsd }] as const;
  });
  return { ...row, outcomes: Object.fromEntries(outcomes) };
}

/** Holds out `count` queries, drawn with the seed, on which every priced model is recorded. */
export async function holdOut(
  dataset: string,
  pricesFile: string,
  { count, seed, billing = 'estimated' }: { readonly count: number; readonly seed: number; readonly billing?: Billing },
): Promise<HeldOut> {
  const loaded = await loadDataset([dataset]);
  const prices = JSON.parse(await readFile(pricesFile, 'utf8')) as Prices;
  const estimated = (row: DatasetRow) => queryOf(row).inputTokens;
  const billed = billing === 'estimated' ? estimated : (row: DatasetRow) => tokensOf(row.query.length);
  const rows = billing === 'estimated' ? loaded.rows.map((row) => priced(row, prices, billed(row))) : loaded.rows;
  const known = new Set(rows.flatMap(({ outcomes }) => Object.keys(outcomes)));
  const names = [...known].filter((name) => prices.models[name] !== undefined).sort();
  const groups = groupsOf(rows);
  const held = new Map<number, number>();
  for (const i of shuffledIndices(rows.length, seededRandom(seed))) {
    const group = groups[i] ?? -1;
    const complete = names.every((name) => rows[i]?.outcomes[name]?.costEstUsd !== undefined);
    if (held.size < count && complete && !held.has(group)) held.set(group, i);
  }
  const train = Int32Array.from(rows.keys()).filter((i) => !held.has(groups[i] ?? -1));
  return { rows, prices, names, train, test: Int32Array.from(held.values()).sort(), billed };
}

const take = (rows: readonly DatasetRow[], indices: Int32Array): DatasetRow[] =>
  Array.from(indices).flatMap((i) => rows[i] ?? []);

/** What the evaluation says of each strategy on the held-out queries, λ chosen on the others. */
export function promise(held: HeldOut, trainable: Trainable, seed: number) {
  const { set } = toTrainingSet(held.rows, { needs: ['difficulty', 'ngrams', 'structure'] });
  const { report } = trainAndTest('held-out', set, held, {
    routers: [trainable],
    controls: [],
    seed,
    now: () => 0,
  });
  const judged = report.routers.find(({ name }) => name === trainable.name);
  return { strategies: judged?.strategies, bestSingle: report.bestSingle, rows: report.rows };
}

/** Mean recorded score and cost of one model per query. */
interface Got {
  readonly quality: number;
  readonly cost: number;
}

/** What the artifact's own predictions, sample and lengths lead to at the configured prices, computed without a gateway. */
export function compute(held: HeldOut, artifact: Artifact): Record<StrategyName, readonly string[]> {
  const { names, prices } = held;
  const { router, sample, outputTokens, needs } = activate(artifact, 'computed');
  if (sample === undefined || outputTokens === undefined) throw new Error('the artifact has no sample or no lengths');
  const models = names.map(namedModel);
  const m = names.length;
  const price = (name: string) => ({
    input: prices.models[name]?.input_per_m ?? 0,
    output: prices.models[name]?.output_per_m ?? 0,
    provenance: { source: 'config', date: '' } as const,
  });
  const listed = names.map(price);
  const costs = (input: (i: number) => number, output: (i: number, j: number) => number, n: number) =>
    Float64Array.from({ length: n * m }, (_, at) => {
      const [i, j] = [Math.floor(at / m), at % m];
      return expectedCost(listed[j] ?? price(''), input(i), output(i, j));
    });
  const columns = names.map((name) => artifact.models.indexOf(name));
  const wide = (table: Float32Array) => pickColumns(Float64Array.from(table), artifact.models, names);
  const past: LambdaSample = {
    models: names,
    quality: wide(sample.quality),
    score: wide(sample.score),
    cost: costs(
      (i) => sample.inputTokens[i] ?? 0,
      (i, j) => sample.outputTokens[i * artifact.models.length + (columns[j] ?? 0)] ?? 0,
      sample.rows,
    ),
  };
  const features = take(held.rows, held.test).map((row) => computeFeatures(queryOf(row), needs));
  const lengths = features.map((each) => outputTokens(each, models));
  const forecast = {
    ...predictAll(router, features, names),
    cost: costs(
      (i) => features[i]?.query.inputTokens ?? 0,
      (i, j) => lengths[i]?.[j] ?? 0,
      features.length,
    ),
  };
  const means = names.map((name) => lambdaFor(past, names, 1, name)?.target ?? 0);
  const best = names[means.indexOf(Math.max(...means))] ?? '';
  const choices = chooseByStrategies(forecast, past, best);
  const named = (chosen: Int32Array | null) => Array.from(chosen ?? [], (j) => names[j] ?? '');
  return {
    'quality-first': named(choices['quality-first']),
    balanced: named(choices.balanced),
    'cost-first': named(choices['cost-first']),
  };
}

function configOf({ names, prices }: HeldOut, baseUrl: string, folder: string): ConfigInput {
  return {
    server: { port: 0 },
    storage: { url: `file:${folder}/ledger.db`, journal: `${folder}/journal` },
    providers: { recorded: { kind: 'openai', baseUrl, apiKey: 'none' } },
    models: names.map((name) => ({
      id: name,
      provider: 'recorded',
      model: name,
      price: { input: prices.models[name]?.input_per_m ?? 0, output: prices.models[name]?.output_per_m ?? 0 },
      contextWindow: 128_000,
    })),
    routing: { router: join(folder, 'held-out.safetensors') },
  };
}

/** What one strategy gave over HTTP. */
export interface Served extends Got {
  readonly strategy: StrategyName;
  /** Model of each held-out query, in order. */
  readonly models: readonly string[];
  /** Mean quality that the recorded outcomes of those models make, as a check. */
  readonly recorded: Got;
}

/** Serves the artifact and sends every held-out query once per strategy. Cost is what the ledger has booked. */
export async function serveHeldOut(held: HeldOut, artifact: Artifact): Promise<Served[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-held-out-'));
  const rows = take(held.rows, held.test);
  const recorded = rows.map((row): RecordedRow => ({
    query: row.query,
    inputTokens: held.billed(row),
    outcomes: Object.fromEntries(
      Object.entries(row.outcomes).map(([name, { score, outputChars }]) => [
        name,
        { score, output_chars: outputChars ?? null },
      ]),
    ),
  }));
  await writeArtifact(join(folder, 'held-out.safetensors'), artifact);
  const replay = await startReplay(recorded);
  const engine = await openEngine(await checkedConfig(configOf(held, replay.url, folder), {}));
  const gateway = await serveGateway({ engine });
  const served: Served[] = [];
  try {
    for (const strategy of STRATEGIES) {
      const queries = rows.map(({ query }) => query);
      const answers = await askAll(gateway.url, queries, { 'x-signalbox-strategy': strategy });
      await engine.ledger.flush();
      const byQuery = new Map(answers.map((answer) => [answer.query, answer]));
      const models = queries.map((query) => byQuery.get(query)?.model ?? '');
      let nano = 0n;
      for (const { id } of answers) nano += (await engine.ledger.store.entry(id))?.outcome?.cost ?? 0n;
      served.push({
        strategy,
        models,
        quality: answers.reduce((sum, { score }) => sum + score, 0) / answers.length,
        cost: Number(nano) / 1e9 / answers.length,
        recorded: outcomeOf(rows, models),
      });
    }
  } finally {
    await gateway.close();
    await engine.close();
    replay.server.close();
    await rm(folder, { recursive: true, force: true });
  }
  return served;
}

/** Mean recorded score and cost of some models, one per row. */
export function outcomeOf(rows: readonly DatasetRow[], models: readonly string[]): Got {
  let [quality, cost] = [0, 0];
  for (const [i, { outcomes }] of rows.entries()) {
    const outcome = outcomes[models[i] ?? ''];
    quality += outcome?.score ?? Number.NaN;
    cost += outcome?.costUsd ?? outcome?.costEstUsd ?? Number.NaN;
  }
  return { quality: quality / rows.length, cost: cost / rows.length };
}

/** One strategy: what was promised with its interval, what was computed from the artifact, what came over HTTP. */
export interface Comparison {
  readonly strategy: StrategyName;
  readonly promised: StrategyReport;
  readonly computed: Got & { readonly models: readonly string[] };
  readonly served: Served;
}

/** Trains, judges, computes, serves. */
export async function compareHeldOut(held: HeldOut, trainable: Trainable, seed: number): Promise<Comparison[]> {
  const { strategies } = promise(held, trainable, seed);
  const { artifact } = trainArtifact(take(held.rows, held.train), trainable, { seed });
  const computed = compute(held, artifact);
  const served = await serveHeldOut(held, artifact);
  const rows = take(held.rows, held.test);
  return served.map((one) => {
    const promised = strategies?.[one.strategy];
    if (promised === undefined || promised === null) throw new Error(`nothing was promised for ${one.strategy}`);
    const models = computed[one.strategy];
    return { strategy: one.strategy, promised, computed: { ...outcomeOf(rows, models), models }, served: one };
  });
}

/** The comparison as a table. */
export function heldOutTable(comparisons: readonly Comparison[]): string {
  const range = (of: readonly [number, number] | null, digits: number) =>
    of === null ? '' : `[${of[0].toFixed(digits)}, ${of[1].toFixed(digits)}]`;
  return comparisons
    .flatMap(({ strategy, promised, computed, served }) => [
      `${strategy.padEnd(14)} quality ${promised.quality.toFixed(4)} ${range(promised.ci.quality, 4)} promised, ${computed.quality.toFixed(4)} computed, ${served.quality.toFixed(4)} over HTTP`,
      `${' '.repeat(14)} cost   $${(promised.cost ?? 0).toFixed(6)} ${range(promised.ci.cost, 6)} promised, $${computed.cost.toFixed(6)} computed, $${served.cost.toFixed(6)} over HTTP`,
    ])
    .join('\n');
}

const [dataset, prices, router = 'learned', seed = '7', billing = 'estimated'] = process.argv.slice(2);
const called = process.argv[1]?.endsWith('held-out.ts') === true;
if (called && dataset !== undefined && prices !== undefined) {
  const trainable = TRAINABLES.find(({ name }) => name === router);
  if (trainable === undefined) throw new Error(`no router ${router}`);
  const held = await holdOut(dataset, prices, {
    count: 1000,
    seed: Number(seed),
    billing: billing === 'recorded' ? 'recorded' : 'estimated',
  });
  console.log(
    `${router}, seed ${seed}, input billed as ${billing}: ${held.train.length} rows to learn from, ${held.test.length} held out`,
  );
  console.log(heldOutTable(await compareHeldOut(held, trainable, Number(seed))));
} else if (called) {
  console.error('usage: npx tsx examples/held-out.ts <dataset.jsonl.gz> <prices.json> [router] [seed] [recorded]');
  process.exitCode = 2;
}
