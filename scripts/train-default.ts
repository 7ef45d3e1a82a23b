import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { etaBar } from '../src/cli/eta-bar.ts';
import { decodeArtifact } from '../src/routers/artifact.ts';
import { irt } from '../src/routers/irt.ts';
import { foldsOf, rowsOfFold } from '../src/routers/numeric/folds.ts';
import { takeRows } from '../src/routers/training-set.ts';
import { sha256 } from '../src/training/artifact-file.ts';
import { groupKey } from '../src/training/dataset/groups.ts';
import { loadDataset } from '../src/training/dataset/load.ts';
import { toTrainingSet } from '../src/training/dataset/training-set.ts';
import { outcomesOf } from '../src/training/evaluate/outcomes.ts';
import { CONTROLS, judgeOn, type Verdict } from './default/judge.ts';
import { fitLengthRule } from './default/length-rule.ts';
import { makeDefault, readLesson, SEED, type Lesson, type MadeDefault } from './default/make.ts';
import { DATA, fileOf, JUDGED_ON, LEARNT_FROM, missingOf, NAMED } from './default/sets.ts';

/**
 * Makes the artifact that could ship as the default, and judges whether it may, on sets that it was not trained on:
 *
 *     npm run train:default [-- <out.safetensors>]
 */
const OUT = '.signalbox/default.safetensors';
/** Of which one is held out to show what the same fit is worth at home. */
const FOLDS = 5;

const HEAD = ['set', 'known by', 'queries × models', 'measure', 'irt', ...CONTROLS.map((name) => `over ${name}`)];

const hundredths = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(value * 100).toFixed(1)}`;

function tell(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

function tellVerdict(set: string, known: string, { measure, rows, models, irt, controls }: Verdict): void {
  const cells = CONTROLS.map((name) => {
    const control = controls.find((one) => one.name === name);
    if (control === undefined) return '–';
    const [low, high] = control.ci;
    return `${hundredths(control.above)} [${hundredths(low)}, ${hundredths(high)}]`;
  });
  tell([set, known, `${rows} × ${models}`, measure, irt.toFixed(4), ...cells]);
}

/** One set, both ways; whether the router beats every control. */
async function judgeAbroad(name: string, lesson: Lesson, { bytes }: MadeDefault): Promise<boolean> {
  const router = irt.load(decodeArtifact(bytes, sha256).router);
  const lengths = fitLengthRule(lesson.set);
  const seen = new Set(lesson.rows.map(({ query }) => groupKey(query)));
  const { rows } = await loadDataset([fileOf(name)]);
  const fresh = rows.filter(({ query }) => !seen.has(groupKey(query)));
  const { set } = toTrainingSet(fresh, { needs: ['ngrams', 'structure'] });
  const names = NAMED[name];
  const verdicts: Verdict[] = [];
  if (names !== undefined) {
    const outcomes = outcomesOf(set, Object.keys(names));
    const learntNames = outcomes.models.map((id) => names[id] ?? id);
    const verdict = judgeOn(set, outcomes, { learntNames }, router, lengths);
    tellVerdict(name, 'name', verdict);
    verdicts.push(verdict);
  }
  const verdict = judgeOn(set, outcomesOf(set), 'declared scores', router, lengths);
  tellVerdict(name, 'score', verdict);
  verdicts.push(verdict);
  if (fresh.length < rows.length) console.error(`${name}: ${rows.length - fresh.length} queries trained on, left out`);
  return verdicts.every(({ beatsAll }) => beatsAll);
}

/** The same fit without a fifth of the queries, judged on them: what it would be worth if it had seen the workload. */
function judgeAtHome({ set, ranges }: Lesson, progress: (share: number) => void): void {
  const { inside, outside } = rowsOfFold(foldsOf(set.groups, FOLDS, SEED), 0);
  const train = takeRows(set, outside);
  const router = irt.fit(train, { seed: SEED, progress });
  const lengths = fitLengthRule(train);
  for (const [name, [from, to]] of ranges) {
    const test = takeRows(
      set,
      inside.filter((row) => row >= from && row < to),
    );
    const m = set.models.length;
    const outcomes = outcomesOf(
      test,
      set.models.filter((_, j) => test.ids.some((_, i) => !Number.isNaN(test.scores[i * m + j]))),
    );
    tellVerdict(
      `a fifth of ${name}`,
      'name',
      judgeOn(test, outcomes, { learntNames: outcomes.models }, router, lengths),
    );
  }
}

async function main(out: string): Promise<void> {
  const missing = missingOf(LEARNT_FROM);
  if (missing.length > 0) {
    console.log(`skipped: ${DATA} has no ${missing.join(', ')}; set SIGNALBOX_DATA to the folder that has`);
    return;
  }
  const bar = etaBar();
  const begin = performance.now();
  const lesson = await readLesson();
  const made = makeDefault(lesson, (share) => bar.tell('fitting', share));
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  bar.end();
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, made.bytes);
  const { ids, models } = lesson.set;
  console.log(`${out}: ${made.bytes.length} bytes, sha256 ${made.sha256}`);
  console.log(`${ids.length} queries × ${models.length} models in ${seconds} s; differences in hundredths\n`);
  tell(HEAD);
  tell(HEAD.map(() => '---'));
  const absent = missingOf(JUDGED_ON);
  let beatsAll = absent.length === 0;
  for (const name of JUDGED_ON) {
    if (!absent.includes(name) && !(await judgeAbroad(name, lesson, made))) beatsAll = false;
  }
  judgeAtHome(lesson, (share) => bar.tell('fitting without a fifth', share));
  bar.end();
  if (absent.length > 0) console.log(`\nnot judged on ${absent.join(', ')}: not in ${DATA}`);
  console.log(
    beatsAll ? '\nIt may become the default.' : '\nIt does not beat every control: `prior` stays the default.',
  );
}

await main(process.argv[2] ?? OUT);
