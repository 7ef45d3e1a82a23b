import { ngramsOf } from '../query/ngrams.ts';
import { STRUCTURE_SIZE, structureOf } from '../query/structure.ts';
import { rowOf, type SparseRow } from './numeric/csr.ts';
import { fitLsa, project, type Lsa } from './numeric/lsa.ts';
import { seededRandom, shuffledIndices } from './numeric/random.ts';
import { fitScaling, standardise, type Scaling } from './numeric/standardise.ts';
import type { Features } from './router.ts';
import type { readState } from './state-reader.ts';
import { fitTfIdf, tfidfOf, vectorise, vectoriseAll, type TfIdf } from './tfidf.ts';
import type { Tensor } from './trained.ts';

/**
 * What networks and factor models see of a query: `form` numbers, its structure standardised, and `text` numbers, the
 * leading directions of its n-grams (LSA), also standardised.
 */
export interface DenseInputs {
  readonly tfidf: TfIdf;
  readonly lsa: Lsa;
  readonly text: Scaling;
  readonly form: Scaling;
  /** Numbers of a row: text, then form. */
  readonly size: number;
}

export interface DenseInputOptions {
  readonly seed: number;
  /** Most n-grams kept: the projection costs this many rows of `dim` numbers, read for every n-gram of a query. */
  readonly maxTerms?: number;
  /** Directions of text. */
  readonly dim?: number;
  /** Most rows that the directions are learnt from. */
  readonly maxRows?: number;
}

function assemble(tfidf: TfIdf, lsa: Lsa, text: Scaling, form: Scaling): DenseInputs {
  return { tfidf, lsa, text, form, size: lsa.dim + STRUCTURE_SIZE };
}

const sparse = (tfidf: TfIdf, { ngrams, query }: Features): SparseRow =>
  vectorise(tfidf, ngrams ?? ngramsOf(query.instruction));

/** Learns n-gram weights, directions and scalings from training queries. Linear in their text. */
export function fitDenseInputs(features: readonly Features[], options: DenseInputOptions): DenseInputs {
  const { seed, maxTerms = 2 ** 14, dim = 64, maxRows = 3000 } = options;
  const texts = features.map(({ ngrams, query }) => ngrams ?? ngramsOf(query.instruction));
  const tfidf = fitTfIdf(texts, { maxSize: maxTerms });
  const chosen = shuffledIndices(texts.length, seededRandom(seed)).slice(0, maxRows).sort();
  const x = vectoriseAll(
    tfidf,
    Array.from(chosen, (row) => texts[row] ?? { buckets: new Int32Array(0), counts: new Uint16Array(0) }),
  );
  const lsa = fitLsa(x, dim, { seed, iterations: 2 });
  const text = fitScaling(
    Array.from(chosen, (_, i) => project(lsa, rowOf(x, i))),
    dim,
  );
  const form = fitScaling(
    features.map(({ structure, query }) => structure ?? structureOf(query)),
    STRUCTURE_SIZE,
  );
  return assemble(tfidf, lsa, text, form);
}

/** A query as `size` numbers, each about −4..4. */
export function denseRow(inputs: DenseInputs, features: Features): Float64Array {
  const { lsa, text, form, size } = inputs;
  const out = new Float64Array(size);
  standardise(text, project(lsa, sparse(inputs.tfidf, features)), out.subarray(0, lsa.dim));
  standardise(form, features.structure ?? structureOf(features.query), out.subarray(lsa.dim));
  return out;
}

/** Queries as an n × `size` matrix, row-major. */
export function denseMatrix(inputs: DenseInputs, features: readonly Features[]): Float32Array {
  const out = new Float32Array(features.length * inputs.size);
  for (const [i, each] of features.entries()) out.set(denseRow(inputs, each), i * inputs.size);
  return out;
}

/** The tensors of {@link DenseInputs}, for an artifact. */
export function saveDenseInputs({ tfidf, lsa, text, form }: DenseInputs): { readonly [name: string]: Tensor } {
  return {
    buckets: tfidf.buckets,
    idf: tfidf.idf,
    basis: lsa.basis,
    textMeans: text.means,
    textScales: text.scales,
    formMeans: form.means,
    formScales: form.scales,
  };
}

/** Reads what {@link saveDenseInputs} gave. */
export function loadDenseInputs(state: ReturnType<typeof readState>): DenseInputs {
  const buckets = state.int32('buckets');
  const means = state.float64('textMeans');
  const dim = means.length;
  return assemble(
    tfidfOf(buckets, state.float32('idf', buckets.length)),
    { dim, basis: state.float32('basis', buckets.length * dim) },
    { means, scales: state.float64('textScales', dim) },
    {
      means: state.float64('formMeans', STRUCTURE_SIZE),
      scales: state.float64('formScales', STRUCTURE_SIZE),
    },
  );
}
