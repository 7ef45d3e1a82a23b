import { inNameOrder } from './columns.ts';
import { ensembleRouter, fitEqualParts, fitParts, loadEnsemble, within } from './ensemble.ts';
import { category } from './parts/category.ts';
import { clusters } from './parts/clusters.ts';
import { form } from './parts/form.ts';
import { neighbours } from './parts/neighbours.ts';
import type { Part } from './parts/part.ts';
import { textRidge } from './parts/text-ridge.ts';
import { combine, stackWeights } from './recipes.ts';
import { LEAST_ROWS, outOfFoldParts } from './stack.ts';
import type { Trainable } from './trained.ts';

/** The parts that are blended. */
export const PARTS: readonly Part[] = [textRidge, neighbours, form, clusters, category];

const NAME = 'blend';

/** All parts, weighed by what they are worth on rows they had not seen: {@link stackWeights} on inner folds. */
export const blend: Trainable = {
  name: NAME,
  fit(rows, options) {
    const set = inNameOrder(rows);
    const m = set.models.length;
    if (set.ids.length < LEAST_ROWS) return fitEqualParts(NAME, set, PARTS, options);
    const inner = outOfFoldParts(set, PARTS, within(options, 0, 0.8));
    const learnt = stackWeights(inner, set.scores, m, () => true);
    const outOfFold = combine(inner, learnt, m);
    const kept = PARTS.filter((part) => (learnt[inner.names.indexOf(part.name)] ?? 0) > 0);
    const fitted = fitParts(set, kept, within(options, 0.8, 0.2));
    const weights = fitted.parts.map((part) => learnt[inner.names.indexOf(part.name)] ?? 0);
    return ensembleRouter(NAME, { fitted, weights, outOfFold });
  },
  load: (state) => loadEnsemble(state, NAME, PARTS),
};
