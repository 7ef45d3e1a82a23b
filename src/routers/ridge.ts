import { ensembleOf } from './ensemble.ts';
import { textRidge } from './parts/text-ridge.ts';

/** One ridge regression per model on n-grams and form: {@link textRidge}. */
export const ridge = ensembleOf('ridge', [textRidge]);
