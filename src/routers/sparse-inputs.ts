import { ngramsOf } from '../query/ngrams.ts';
import { STRUCTURE_SIZE, structureOf } from '../query/structure.ts';
import type { Csr, SparseRow } from './numeric/csr.ts';
import { drawRandomFeatures, randomFeaturesOf, type RandomFeatures } from './numeric/random-features.ts';
import { fitScaling, standardise, type Scaling } from './numeric/standardise.ts';
import type { Features, NgramCounts } from './router.ts';
import type { readState } from './state-reader.ts';
import { fitTfIdf, tfidfOf, vectoriseInto, type TfIdf } from './tfidf.ts';
import type { Tensor } from './trained.ts';

/**
 * What linear models see of a query: its TF-IDF n-grams as a unit row, and beside them `form` columns that say how the
 * text looks: random Fourier features of its standardised structure numbers, so that a line in them is a smooth curve in
 * lengths and shares. Inner products of two rows are the sum of a text kernel and a form kernel.
 */
export interface SparseInputs {
  readonly tfidf: TfIdf;
  readonly scaling: Scaling;
  readonly form: RandomFeatures;
  /** Length of the form part, where the text part has length 1. */
  readonly formWeight: number;
  /** Columns of a row: those of the text, then those of the form. */
  readonly cols: number;
}

export interface SparseInputOptions {
  readonly seed: number;
  /** Most n-grams kept. */
  readonly maxTerms?: number;
  readonly formSize?: number;
  readonly formWeight?: number;
  /** Width of the form kernel, exp(−gamma·‖x − y‖²). */
  readonly gamma?: number;
}

const ngramsIn = ({ ngrams, query }: Features): NgramCounts => ngrams ?? ngramsOf(query.instruction);
const structureIn = ({ structure, query }: Features): Float64Array => structure ?? structureOf(query);

function assemble(tfidf: TfIdf, scaling: Scaling, form: RandomFeatures, formWeight: number): SparseInputs {
  return { tfidf, scaling, form, formWeight, cols: tfidf.size + form.size };
}

export function fitSparseInputs(features: readonly Features[], options: SparseInputOptions): SparseInputs {
  const { seed, maxTerms = 2 ** 16, formSize = 128, formWeight = 1, gamma = 0.5 / STRUCTURE_SIZE } = options;
  return assemble(
    fitTfIdf(features.map(ngramsIn), { maxSize: maxTerms }),
    fitScaling(features.map(structureIn), STRUCTURE_SIZE),
    drawRandomFeatures(STRUCTURE_SIZE, formSize, gamma, seed),
    formWeight,
  );
}

/** A row whose text part is there and whose form part, behind it, may follow. */
export interface RowDraft {
  readonly columns: Int32Array;
  readonly values: Float32Array;
  /** Columns of the text part. */
  readonly textSize: number;
}

/** Columns that a query's row has at most. */
const roomFor = ({ form }: SparseInputs, { buckets }: NgramCounts): number => buckets.length + form.size;

/** The text part of a query's row, with room for the rest. */
export function draftRow(inputs: SparseInputs, features: Features): RowDraft {
  const ngrams = ngramsIn(features);
  const columns = new Int32Array(roomFor(inputs, ngrams));
  const values = new Float32Array(columns.length);
  return { columns, values, textSize: vectoriseInto(inputs.tfidf, ngrams, columns, values) };
}

/** The text part alone. */
export function textRow({ columns, values, textSize }: RowDraft): SparseRow {
  return { columns: columns.subarray(0, textSize), values: values.subarray(0, textSize) };
}

/** The whole row. */
export function finishRow(
  { tfidf, form, formWeight, scaling }: SparseInputs,
  { columns, values, textSize }: RowDraft,
  features: Features,
): SparseRow {
  for (let j = 0; j < form.size; j++) columns[textSize + j] = tfidf.size + j;
  const scaled = new Float64Array(STRUCTURE_SIZE);
  standardise(scaling, structureIn(features), scaled);
  randomFeaturesOf(form, scaled, values, textSize, formWeight);
  const size = textSize + form.size;
  return { columns: columns.subarray(0, size), values: values.subarray(0, size) };
}

/** A query as a row of `cols` columns. */
export function inputRow(inputs: SparseInputs, features: Features): SparseRow {
  return finishRow(inputs, draftRow(inputs, features), features);
}

/** Queries as the rows of a matrix, written where they stay. */
export function inputMatrix(inputs: SparseInputs, features: readonly Features[]): Csr {
  const texts = features.map(ngramsIn);
  const columns = new Int32Array(texts.reduce((sum, text) => sum + roomFor(inputs, text), 0));
  const values = new Float32Array(columns.length);
  const starts = new Int32Array(features.length + 1);
  let size = 0;
  for (const [i, each] of features.entries()) {
    const ngrams = texts[i] ?? ngramsIn(each);
    const place = { columns: columns.subarray(size), values: values.subarray(size) };
    const textSize = vectoriseInto(inputs.tfidf, ngrams, place.columns, place.values);
    size += finishRow(inputs, { ...place, textSize }, each).columns.length;
    starts[i + 1] = size;
  }
  return {
    rows: features.length,
    cols: inputs.cols,
    starts,
    columns: columns.subarray(0, size),
    values: values.subarray(0, size),
  };
}

/** Sum of squares of each column: how much the rows say about it. */
export function columnEnergy({ cols, columns, values }: Csr): Float32Array {
  const energy = new Float64Array(cols);
  for (let p = 0; p < columns.length; p++) {
    const column = columns[p] ?? 0;
    energy[column] = (energy[column] ?? 0) + (values[p] ?? 0) ** 2;
  }
  return Float32Array.from(energy);
}

/** The tensors and numbers of {@link SparseInputs}, for an artifact. */
export function saveInputs({ tfidf, scaling, form, formWeight }: SparseInputs): {
  readonly meta: { readonly formWeight: number };
  readonly tensors: { readonly [name: string]: Tensor };
} {
  return {
    meta: { formWeight },
    tensors: {
      buckets: tfidf.buckets,
      idf: tfidf.idf,
      structureMeans: scaling.means,
      structureScales: scaling.scales,
      formFrequencies: form.frequencies,
      formPhases: form.phases,
    },
  };
}

/** Reads what {@link saveInputs} gave. */
export function loadInputs(state: ReturnType<typeof readState>): SparseInputs {
  const buckets = state.int32('buckets');
  const phases = state.float32('formPhases');
  const frequencies = state.float32('formFrequencies', phases.length * STRUCTURE_SIZE);
  return assemble(
    tfidfOf(buckets, state.float32('idf', buckets.length)),
    {
      means: state.float64('structureMeans', STRUCTURE_SIZE),
      scales: state.float64('structureScales', STRUCTURE_SIZE),
    },
    { inputs: STRUCTURE_SIZE, size: phases.length, frequencies, phases },
    state.number('formWeight'),
  );
}
