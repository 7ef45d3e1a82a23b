import { defineCommand } from 'citty';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import { TRAINABLES } from '../routers/trainables.ts';
import type { Trainable } from '../routers/trained.ts';
import type { TrainingSet } from '../routers/training-set.ts';
import { loadDataset } from '../training/dataset/load.ts';
import { stemOf } from '../training/dataset/place.ts';
import { sourceOf, type DataSource } from '../training/dataset/source.ts';
import type { DatasetRow } from '../training/dataset/row.ts';
import { toTrainingSet } from '../training/dataset/training-set.ts';
import {
  CONTROL_NAMES,
  crossValidate,
  trainAndTest,
  type ControlName,
  type EvaluateOptions,
  type Evaluation,
} from '../training/evaluate/evaluate.ts';
import { predictionLines } from '../training/evaluate/predictions.ts';
import type { EvaluationReport } from '../training/evaluate/report.ts';
import { reportHtml } from '../training/evaluate/report-html.ts';
import { reportJson } from '../training/evaluate/report-json.ts';
import { reportMarkdown } from '../training/evaluate/report-markdown.ts';
import { EMBEDDER_ARG, openEmbedder, requireEmbedder, type OpenEmbedder } from './embedder.ts';
import { shareBar } from './eta-bar.ts';
import { originOf } from './eval-origin.ts';
import { setText } from './eval-text.ts';
import { joinLists, listOf } from './lists.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson } from './print.ts';
import { createRowVectors, type RowVectorSource } from './row-vectors.ts';
import { runnable, type Runnable } from './runnable.ts';

const LISTS = ['train', 'data', 'router', 'controls', 'models', 'benchmarks', 'report'];

const ARGS = {
  data: { type: 'string', required: true, description: 'Data files to judge on, each a set of its own' },
  train: { type: 'string', description: 'Data files to learn from; without them each set is cross-validated' },
  router: {
    type: 'string',
    default: 'learned',
    description: `Routers, or all: ${TRAINABLES.map(({ name }) => name).join(', ')}`,
  },
  controls: { type: 'string', default: 'all', description: `Controls, all or none: ${CONTROL_NAMES.join(', ')}` },
  models: { type: 'string', description: 'Only these models, learnt and judged' },
  benchmarks: { type: 'string', description: 'Only rows of these benchmarks' },
  embedder: EMBEDDER_ARG,
  seed: { type: 'string', default: '7', description: 'Seed of folds, fits and intervals' },
  folds: { type: 'string', default: '5', description: 'Folds of the cross-validation' },
  resamples: { type: 'string', default: '1000', description: 'Resamples of the bootstrap' },
  report: { type: 'string', description: 'Files to write a report to: .html or .md' },
  texts: {
    type: 'boolean',
    default: true,
    description: 'Show the texts of the worst queries in an HTML report',
    negativeDescription: 'An HTML report without texts from the data',
  },
  predictions: { type: 'string', description: 'File to write one JSON line per judged query to' },
  json: { type: 'boolean', description: 'Print JSON' },
} as const;

function named<T extends { readonly name: string }>(all: readonly T[], wanted: readonly string[], what: string): T[] {
  if (wanted.includes('all')) return [...all];
  if (wanted.length === 1 && wanted[0] === 'none') return [];
  return [...new Set(wanted)].map((name) => {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const known = all.map((one) => one.name).join(', ');
    throw new SignalboxError(
      'invalid_request',
      `unknown ${what} "${name.slice(0, 40)}"; there are all, none, ${known}`,
    );
  });
}

/** What cannot be written must be known before an hour of work. */
async function checkOutputs(reports: readonly string[], predictions: string | undefined): Promise<void> {
  for (const file of reports) {
    if (!/\.(?:html|md)$/i.test(file)) {
      throw new SignalboxError(
        'invalid_request',
        `--report takes a file that ends in .html or .md, not "${file.slice(0, 80)}"`,
      );
    }
  }
  for (const file of [...reports, ...(predictions === undefined ? [] : [predictions])]) {
    const folder = await stat(dirname(file)).catch(() => undefined);
    if (folder?.isDirectory() !== true) {
      throw new SignalboxError('invalid_request', `"${dirname(file)}" is no folder to write ${file} into`);
    }
  }
}

/** Whole or not at all. */
async function writeWhole(file: string, content: string | Iterable<string>): Promise<void> {
  const partial = `${file}.${process.pid}.part`;
  try {
    await writeFile(partial, content);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** One judged file. */
interface Done {
  readonly set: TrainingSet;
  readonly evaluation: Evaluation;
  readonly sources: readonly DataSource[];
}

interface Work {
  /** Gives the vectors of rows; each text is asked for once. */
  readonly vectors: RowVectorSource | undefined;
  readonly routers: readonly Trainable[];
  readonly controls: readonly ControlName[];
  readonly models: readonly string[];
  readonly benchmarks: readonly string[];
  readonly seed: number;
  readonly folds: number;
  readonly resamples: number;
  readonly learningCurve: boolean;
}

interface Read {
  readonly rows: readonly DatasetRow[];
  readonly sources: readonly DataSource[];
}

async function read(files: readonly string[], { benchmarks }: Work): Promise<Read> {
  const { rows, files: loaded, warnings } = await loadDataset(files);
  const sources = await Promise.all(loaded.map(sourceOf));
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (benchmarks.length === 0) return { rows, sources };
  const kept = rows.filter(({ benchmark }) => benchmark !== undefined && benchmarks.includes(benchmark));
  if (kept.length > 0) return { rows: kept, sources };
  const known = [...new Set(rows.map(({ benchmark }) => benchmark ?? '(none)'))].sort().slice(0, 30).join(', ');
  throw new SignalboxError('invalid_request', `${files.join(', ')}: no row is of these benchmarks; there are ${known}`);
}

async function setOf(rows: readonly DatasetRow[], name: string, { models, vectors }: Work): Promise<TrainingSet> {
  const embeddings = (await vectors?.of(rows, name))?.embeddings;
  return toTrainingSet(rows, {
    needs: ['difficulty', 'ngrams', 'structure'],
    ...(models.length === 0 ? {} : { models }),
    ...(embeddings === undefined ? {} : { embeddings }),
  }).set;
}

/** Judges one file under a bar. */
async function judgeFile(file: string, trainRows: readonly DatasetRow[], work: Work): Promise<Done> {
  const name = stemOf(file);
  const { rows, sources } = await read([file], work);
  const set = await setOf([...trainRows, ...rows], name, work);
  const bar = shareBar(name);
  const options: EvaluateOptions = { ...work, now: () => performance.now(), progress: bar.tell };
  try {
    if (trainRows.length === 0) {
      return { set, sources, evaluation: crossValidate(name, set, { ...options, folds: work.folds }) };
    }
    const index = Int32Array.from(set.ids.keys());
    const parts = { train: index.subarray(0, trainRows.length), test: index.subarray(trainRows.length) };
    return { set, sources, evaluation: trainAndTest(name, set, parts, options) };
  } finally {
    bar.end();
  }
}

async function evaluate(work: Work, files: { readonly train: readonly string[]; readonly data: readonly string[] }) {
  const train: Read = files.train.length === 0 ? { rows: [], sources: [] } : await read(files.train, work);
  const done: Done[] = [];
  for (const file of files.data) done.push(await judgeFile(file, train.rows, work));
  const report: EvaluationReport = {
    seed: work.seed,
    folds: files.train.length === 0 ? work.folds : null,
    resamples: work.resamples,
    train: files.train.map(stemOf),
    ...(work.vectors?.space === undefined ? {} : { embedder: work.vectors.space }),
    origin: originOf(work, { train: train.sources, data: done.flatMap(({ sources }) => sources) }, systemClock.now()),
    sets: done.map(({ evaluation }) => evaluation.report),
  };
  return { report, done };
}

const command = defineCommand({
  meta: {
    name: 'eval',
    description:
      'Prove what routers are worth: on recorded outcomes, with intervals, beside controls that learn nothing',
  },
  args: ARGS,
  async run({ args }) {
    const reports = listOf(args.report);
    await checkOutputs(reports, args.predictions);
    const files = { train: listOf(args.train), data: listOf(args.data) };
    if (files.data.length === 0) throw new SignalboxError('invalid_request', '--data takes at least one file');
    const controls = CONTROL_NAMES.map((name) => ({ name }));
    const wanted = listOf(args.router, { commas: true });
    // All that can learn here; one that is named must be able to.
    const able = TRAINABLES.filter(({ learnsFrom }) => learnsFrom === undefined || args.embedder !== undefined);
    const routers = named(wanted.includes('all') ? able : TRAINABLES, wanted, 'router');
    requireEmbedder(routers, args.embedder);
    const embedder = await openEmbedder(args.embedder);
    const work: Work = {
      routers,
      vectors: embedder === undefined ? undefined : createRowVectors(embedder),
      controls: named(controls, listOf(args.controls, { commas: true }), 'control').map(({ name }) => name),
      models: listOf(args.models, { commas: true }),
      benchmarks: listOf(args.benchmarks, { commas: true }),
      seed: wholeNumber(args.seed, 'seed', 0, 2 ** 31),
      folds: wholeNumber(args.folds, 'folds', 2, 1000),
      resamples: wholeNumber(args.resamples, 'resamples', 1, 100_000),
      learningCurve: reports.some((file) => /\.html$/i.test(file)),
    };
    const { report, done } = await closeAfter(evaluate(work, files), embedder);
    for (const file of reports) {
      await writeWhole(file, /\.md$/i.test(file) ? reportMarkdown(report) : reportHtml(report, { texts: args.texts }));
    }
    if (args.predictions !== undefined) {
      await writeWhole(args.predictions, lines(done));
    }
    if (args.json === true) return printJson(reportJson(report));
    const width = process.stdout.isTTY ? process.stdout.columns : undefined;
    for (const set of report.sets) print(setText(set, width));
  },
});

/** What the work gives, after the embedder is closed. */
async function closeAfter<T>(work: Promise<T>, embedder: OpenEmbedder | undefined): Promise<T> {
  try {
    return await work;
  } finally {
    await embedder?.close();
  }
}

function* lines(done: readonly Done[]): Generator<string> {
  for (const { set, evaluation } of done) yield* predictionLines(set, evaluation);
}

const inner = runnable(command);

/** `signalbox eval`; list options may be repeated or take several values. */
export const evalCommand: Runnable = {
  usage: inner.usage,
  run: (rawArgs) => inner.run(joinLists(rawArgs, LISTS)),
};
