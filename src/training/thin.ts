import type { TrainingSet } from '../routers/training-set.ts';

/** Below this many different queries a share of good answers is known to no better than ±18 points (95 %). */
const LEAST_QUERIES = 30;

const NAMED = 8;

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/** The models in parts: those of one part are linked by queries that two of them have a score on. */
export function linkedModels({
  models,
  scores,
  groups,
}: Pick<TrainingSet, 'models' | 'scores' | 'groups'>): string[][] {
  const parent = models.map((_, column) => column);
  const rootOf = (column: number): number => {
    let root = column;
    for (let up = parent[root]; up !== undefined && up !== root; up = parent[root]) root = up;
    return root;
  };
  const met = new Map<number, number>();
  const m = models.length;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) continue;
    const group = groups[Math.floor(i / m)] ?? 0;
    const other = met.get(group);
    if (other === undefined) met.set(group, i % m);
    else parent[rootOf(i % m)] = rootOf(other);
  }
  const parts = new Map<number, string[]>();
  for (const [column, name] of models.entries()) {
    const root = rootOf(column);
    parts.set(root, [...(parts.get(root) ?? []), name]);
  }
  return [...parts.values()];
}

/** What rows are too thin for, in words. */
export function thinWarnings(set: Pick<TrainingSet, 'models' | 'scores' | 'groups'>): string[] {
  const queries = new Set(set.groups).size;
  const parts = linkedModels(set);
  const [only] = set.models;
  return [
    ...(queries < LEAST_QUERIES
      ? [
          `${queries} different ${queries === 1 ? 'query is' : 'queries are'} too few: what a router learns from fewer than ${LEAST_QUERIES} cannot be measured`,
        ]
      : []),
    ...(set.models.length === 1 ? [`${only} is the only model: there is nothing to choose between`] : []),
    ...(parts.length > 1
      ? [
          `models that share no query cannot be compared: ${parts.map(listed).slice(0, NAMED).join(' | ')}; score all models on the same queries`,
        ]
      : []),
  ];
}
