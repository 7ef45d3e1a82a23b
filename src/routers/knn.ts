import { ensembleOf } from './ensemble.ts';
import { neighbours } from './parts/neighbours.ts';

/** The scores of the 100 most similar past queries: {@link neighbours}. */
export const knn = ensembleOf('knn', [neighbours]);
