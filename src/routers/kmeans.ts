import { ensembleOf } from './ensemble.ts';
import { clusters } from './parts/clusters.ts';

/** The scores in the query's clusters: {@link clusters}. */
export const kmeans = ensembleOf('kmeans', [clusters]);
