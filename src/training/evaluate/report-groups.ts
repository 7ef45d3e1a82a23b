import { DIAGNOSTICS, DUEL, MARKS, NAME, PRECISION, USER, USER_UNPRICED, type Column } from './report-columns.ts';
import { signed, withRange } from './report-text.ts';
import type { RouterReport, SetReport } from './report.ts';
import { verdictOf, type Finding } from './verdict.ts';

/** Columns that answer one question, and the routers that have an answer. */
export interface ColumnGroup {
  readonly title: string;
  readonly about: string;
  readonly columns: readonly Column[];
  readonly routers: readonly RouterReport[];
}

const WORDS: Readonly<Record<Finding, string>> = { better: 'better', undecided: 'cannot tell', worse: 'worse' };

/** How many of the controls a router beats; the sentences and the next table say which. */
export const VERDICT: Column = {
  title: 'verdict',
  about: 'How many of the controls that count it is better than, by paired 95 % intervals',
  cell: (router) => {
    const { against } = verdictOf(router);
    const better = against.filter(({ finding }) => finding === 'better').length;
    return router.control || against.length === 0 ? '' : `better than ${better} of ${against.length}`;
  },
  small: (router) => {
    if (router.control) return '';
    const { against } = verdictOf(router);
    const count = (wanted: Finding): number => against.filter(({ finding }) => finding === wanted).length;
    return [
      ...(count('undecided') > 0 ? [`cannot be told from ${count('undecided')}`] : []),
      ...(count('worse') > 0 ? [`worse than ${count('worse')}`] : []),
    ].join(', ');
  },
  mark: (router) => {
    if (router.control) return undefined;
    const { against } = verdictOf(router);
    if (against.some(({ finding }) => finding === 'worse')) return 'bad';
    return against.length > 0 && against.every(({ finding }) => finding === 'better') ? 'good' : undefined;
  },
};

/** The paired difference of routers to one control. */
function rivalColumn(measure: string, control: string): Column {
  const comparison = (router: RouterReport) => verdictOf(router).against.find((one) => one.control === control);
  return {
    title: `${measure} − ${control}`,
    about: `${measure} less the control ${control}’s, paired 95 % interval`,
    cell: (router) => {
      const found = comparison(router);
      return found === undefined ? '–' : withRange(found.difference, found.ci, signed);
    },
    small: (router) => {
      const found = comparison(router);
      return found === undefined ? '' : WORDS[found.finding];
    },
    mark: (router) => {
      const found = comparison(router);
      return found === undefined ? undefined : MARKS[found.finding];
    },
  };
}

function rivalGroup(set: SetReport): ColumnGroup[] {
  const routers = set.routers.filter(({ control }) => !control);
  const [first] = routers;
  if (first === undefined) return [];
  const { measure, against } = verdictOf(first);
  if (against.length === 0) return [];
  return [
    {
      title: 'Against the controls',
      about: `paired differences of ${measure} with 95 % intervals; above 0 the router is better`,
      columns: [NAME, ...against.map(({ control }) => rivalColumn(measure, control))],
      routers,
    },
  ];
}

/** The tables of a set: what a user gets, what that proves, and what explains it. */
export function groupsOf(set: SetReport): readonly ColumnGroup[] {
  const priced = set.bestSingle.cost !== null;
  const { routers } = set;
  return [
    {
      title: 'What a user gets',
      about: priced
        ? 'quality at cost, as shares of the best single model’s; λ and that model chosen on training rows'
        : 'the best predicted model is called',
      columns: priced ? USER : USER_UNPRICED,
      routers,
    },
    ...rivalGroup(set),
    {
      title: 'Diagnostics',
      about: 'over all trade-offs of quality and cost, and how good the predictions are',
      columns: priced ? DIAGNOSTICS : [NAME, ...PRECISION],
      routers,
    },
    ...(set.models === 2
      ? [
          {
            title: 'Two models',
            about: 'as RouteLLM measures a strong and a weak one',
            columns: DUEL,
            routers,
          },
        ]
      : []),
  ];
}
