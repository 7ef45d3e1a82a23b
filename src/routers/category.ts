import { ensembleOf } from './ensemble.ts';
import { category as part } from './parts/category.ts';

/** The scores on the kinds of task that the query looks like: {@link part}. Without labels it knows the means alone. */
export const category = ensembleOf('category', [part]);
