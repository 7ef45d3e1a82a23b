import type { Interval } from './bootstrap.ts';
import { range, score, share, signed, withRange } from './report-text.ts';
import type { RouterReport, SetReport } from './report.ts';
import { findingOf, verdictOf, type Comparison, type Finding, type PromiseReport } from './verdict.ts';

/** A part of a verdict; `finding` is the words that matter. */
export interface Phrase {
  readonly before: string;
  readonly finding: string;
  readonly after: string;
  readonly mark?: 'good' | 'bad';
}

const THAN: Readonly<Record<Finding, string>> = {
  better: 'better than',
  undecided: 'cannot be told from',
  worse: 'worse than',
};
const MARK = { better: 'good', undecided: undefined, worse: 'bad' } as const;

const percents = (ci: Interval | null): string => range(ci, (value) => share(value, 1));

function join(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function comparisonPhrase(finding: Finding, all: readonly Comparison[]): Phrase[] {
  const [nearest] = [...all].sort((a, b) => Math.abs(a.difference) - Math.abs(b.difference));
  if (nearest === undefined) return [];
  const names = join(all.map(({ control }) => (control === 'prototype' ? 'the prototype' : control)));
  const number = withRange(nearest.difference, nearest.ci, signed);
  const which = all.length === 1 ? '' : `the nearest, ${nearest.control}: `;
  const mark = MARK[finding];
  return [
    {
      before: '',
      finding: THAN[finding],
      after: ` ${names} (${which}${number})`,
      ...(mark === undefined ? {} : { mark }),
    },
  ];
}

function promisePhrase({ strategy, keep, qualityShare, ci, costShare, finding }: PromiseReport): Phrase {
  const cost = costShare === null ? '' : ` at ${share(costShare)} of the cost`;
  const number = ` (${`${share(qualityShare, 1)} ${percents(ci)}`.trim()}${cost})`;
  const what = ` its promise of ${share(keep)}`;
  if (finding === 'undecided') {
    return { before: `whether ${strategy} kept${what} `, finding: 'cannot be told', after: number };
  }
  return {
    before: `${strategy} `,
    finding,
    after: what + number,
    mark: finding === 'kept' ? 'good' : 'bad',
  };
}

/** What is proved of a router: the prototype first, then the other controls by what was found, then the promises. */
export function verdictPhrases(router: RouterReport): Phrase[] {
  const { against, promises } = verdictOf(router);
  const found = (finding: Finding, own: (control: string) => boolean): Phrase[] =>
    comparisonPhrase(
      finding,
      against.filter((one) => one.finding === finding && own(one.control)),
    );
  const findings = ['better', 'undecided', 'worse'] as const;
  return [
    ...findings.flatMap((finding) => found(finding, (control) => control === 'prototype')),
    ...findings.flatMap((finding) => found(finding, (control) => control !== 'prototype')),
    ...promises.map(promisePhrase),
  ];
}

/** What a verdict's differences are differences of: `ridge, by auc`. */
export function verdictSubject(router: RouterReport): string {
  const { measure, against } = verdictOf(router);
  return against.length === 0 ? router.name : `${router.name}, by ${measure}`;
}

/** The verdict on a router as one sentence; empty where there is nothing to hold it against. */
export function verdictText(router: RouterReport): string {
  const phrases = verdictPhrases(router).map(({ before, finding, after }) => before + finding + after);
  return phrases.length === 0 ? '' : `${verdictSubject(router)}: ${phrases.join('; ')}.`;
}

/** The verdicts on a set's routers. */
export function verdictTexts(set: SetReport): string[] {
  return set.routers
    .filter(({ control }) => !control)
    .map(verdictText)
    .filter((text) => text !== '');
}

/** The router that a reader should hear of first: the one of the largest auc, without costs of the highest quality. */
function bestRouter(set: SetReport): RouterReport | undefined {
  return [...set.routers]
    .filter(({ control }) => !control)
    .sort((a, b) => (b.auc ?? b.maxQuality) - (a.auc ?? a.maxQuality))[0];
}

function overAll({ gapClosed, aucMinusZero, aucMinusZeroCi }: RouterReport): string {
  const finding = findingOf(aucMinusZeroCi);
  if (finding === 'better') {
    return ` Over all trade-offs it closes ${share(gapClosed, 1)} of the gap between mixing single models and knowing every outcome.`;
  }
  const than = finding === 'worse' ? 'is worse than' : 'cannot be told from';
  return ` Over all trade-offs it ${than} mixing single models at random (auc − zero ${withRange(aucMinusZero, aucMinusZeroCi, signed)}).`;
}

/** What the set says about the best router, in a sentence or two; empty without a router. */
export function headline(set: SetReport): string {
  const best = bestRouter(set);
  if (best === undefined) return '';
  const { balanced, 'quality-first': first } = best.strategies;
  const routers = set.routers.filter(({ control }) => !control).length;
  const luck =
    routers < 2
      ? ''
      : ` It is the best of ${routers} on these very queries, and the best of several looks a little better than it is.`;
  if (best.auc === null || balanced === null || balanced.costShare === null) {
    const quality = withRange(first?.quality ?? best.maxQuality, first?.ci.quality ?? null, score);
    const against = best.qualityMinusControls['best-single'];
    const gain =
      against === undefined
        ? ''
        : `, ${withRange(against.difference, against.ci, signed)} against always calling the best single model of the training rows`;
    return `${best.name} reaches quality ${quality}${gain}.${luck}`;
  }
  const { qualityShare, costShare, ci } = balanced;
  const kept = `${share(qualityShare, 1)} ${percents(ci.qualityShare)}`.trim();
  const paid = `${share(costShare)} ${range(ci.costShare, (value) => share(value))}`.trim();
  return `With balanced, ${best.name} keeps ${kept} of the quality of the best single model of the training rows, at ${paid} of its cost.${overAll(best)}${luck}`;
}
