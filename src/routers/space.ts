import { STRUCTURE_SIZE, structureOf } from '../query/structure.ts';
import { rowOf, stackRows, transpose, type Csr, type SparseRow } from './numeric/csr.ts';
import { fitLsa, project, type Lsa } from './numeric/lsa.ts';
import { seededRandom, shuffledIndices } from './numeric/random.ts';
import { rankIndex, rankOf, type RankIndex } from './numeric/rank-index.ts';
import { standardise } from './numeric/standardise.ts';
import type { Features } from './router.ts';
import {
  draftRow,
  finishRow,
  fitSparseInputs,
  inputMatrix,
  loadInputs,
  saveInputs,
  textRow,
  type SparseInputs,
} from './sparse-inputs.ts';
import { readState } from './state-reader.ts';
import type { RouterState } from './trained.ts';

/** What a part may ask of the space. */
export type Want = 'map';

/**
 * Where queries lie, learnt once for all parts of a router: `row` is the sparse row of linear parts (n-grams and form
 * features); `map` is a short dense vector for distances (topic directions and structure numbers).
 */
export interface Space {
  readonly inputs: SparseInputs;
  /** Topic directions over the first `terms` n-gram columns; absent when no part wants a map. */
  readonly topics?: Topics;
}

interface Topics {
  /** Projects rows over the topic terms. */
  readonly lsa: Lsa;
  /** The n-gram columns that are topic terms, ascending. */
  readonly terms: Int32Array;
  /** Finds the topic term of an n-gram column. */
  readonly index: RankIndex;
  /** Divides topic coordinates so that a training row has length one on average. */
  readonly scale: number;
}

/** One query in the space. What no part asks for is not computed. */
export interface Point {
  readonly features: Features;
  /** n-grams alone, a unit row. */
  readonly text: SparseRow;
  /** n-grams and form features. */
  readonly row: SparseRow;
  /** Undefined in a space without topics. */
  readonly map: Float32Array | undefined;
}

/** Training queries in the space. */
export interface Points {
  readonly rows: Csr;
  /** `rows` transposed, made when it is first asked for. */
  readonly transposed: Csr;
  /** n × `mapSize`. */
  readonly map?: Float32Array;
}

const TOPICS = 32;
/** Most n-grams that topics are made of: the most frequent ones. */
const TOPIC_TERMS = 2 ** 14;
/** Rows that topic directions are learnt from: more change them little. */
const TOPIC_ROWS = 3000;
/** How much structure counts against topics in a distance. */
const STRUCTURE_WEIGHT = 0.7;
const FORM_SIZE = 256;
/** Length of the form part of a row, where the n-gram part has length one: weight .2 of the kernel. */
const FORM_WEIGHT = Math.sqrt(0.2);

/** Numbers of a point's map. */
export const MAP_SIZE = TOPICS + STRUCTURE_SIZE;

/** A row without its form features: n-grams alone, a unit row. */
function textOf(row: SparseRow, { form }: SparseInputs): SparseRow {
  const size = row.columns.length - form.size;
  return { columns: row.columns.subarray(0, size), values: row.values.subarray(0, size) };
}

/** A row over the topic terms alone. */
function topicRow({ index }: Pick<Topics, 'index'>, text: SparseRow): SparseRow {
  const columns = new Int32Array(text.columns.length);
  const values = new Float32Array(text.columns.length);
  let size = 0;
  for (let p = 0; p < text.columns.length; p++) {
    const term = rankOf(index, text.columns[p] ?? 0);
    if (term === -1) continue;
    columns[size] = term;
    values[size++] = text.values[p] ?? 0;
  }
  return { columns: columns.subarray(0, size), values: values.subarray(0, size) };
}

/** The columns of smallest idf, ascending. */
function frequentTerms(idf: Float32Array): Int32Array {
  const order = Int32Array.from(idf.keys());
  if (order.length <= TOPIC_TERMS) return order;
  return order
    .sort((a, b) => (idf[a] ?? 0) - (idf[b] ?? 0) || a - b)
    .slice(0, TOPIC_TERMS)
    .sort();
}

function writeMap(
  { inputs }: Pick<Space, 'inputs'>,
  topics: Topics,
  text: SparseRow,
  features: Features,
  out: Float32Array,
): void {
  const topic = project(topics.lsa, topicRow(topics, text));
  for (let c = 0; c < TOPICS; c++) out[c] = (topic[c] ?? 0) * topics.scale;
  const scaled = new Float64Array(STRUCTURE_SIZE);
  standardise(inputs.scaling, features.structure ?? structureOf(features.query), scaled);
  const weight = STRUCTURE_WEIGHT / Math.sqrt(STRUCTURE_SIZE);
  for (let c = 0; c < STRUCTURE_SIZE; c++) out[TOPICS + c] = (scaled[c] ?? 0) * weight;
}

function pointsOf(rows: Csr, map?: Float32Array): Points {
  let transposed: Csr | undefined;
  return {
    rows,
    get transposed() {
      transposed ??= transpose(rows);
      return transposed;
    },
    ...(map === undefined ? {} : { map }),
  };
}

/** Learns the space of training queries and places them in it. */
export function fitSpace(
  features: readonly Features[],
  { seed, wants = [] }: { readonly seed: number; readonly wants?: readonly Want[] },
): { readonly space: Space; readonly points: Points } {
  const inputs = fitSparseInputs(features, { seed, formSize: FORM_SIZE, formWeight: FORM_WEIGHT });
  const rows = inputMatrix(inputs, features);
  if (!wants.includes('map')) return { space: { inputs }, points: pointsOf(rows) };
  const chosen = shuffledIndices(features.length, seededRandom(seed)).slice(0, TOPIC_ROWS).sort();
  const terms = frequentTerms(inputs.tfidf.idf);
  const index = rankIndex(terms, inputs.tfidf.size);
  const sample = Array.from(chosen, (i) => topicRow({ index }, textOf(rowOf(rows, i), inputs)));
  const lsa = fitLsa(stackRows(sample, terms.length), TOPICS, { seed, iterations: 2 });
  let squares = 0;
  for (const row of sample) for (const value of project(lsa, row)) squares += value * value;
  const topics: Topics = { terms, index, lsa, scale: squares > 0 ? 1 / Math.sqrt(squares / sample.length) : 1 };
  const space: Space = { inputs, topics };
  const map = new Float32Array(features.length * MAP_SIZE);
  for (const [i, each] of features.entries()) {
    writeMap(space, topics, textOf(rowOf(rows, i), inputs), each, map.subarray(i * MAP_SIZE, (i + 1) * MAP_SIZE));
  }
  return { space, points: pointsOf(rows, map) };
}

/** Places one query in the space. */
export function pointOf({ inputs, topics }: Space, features: Features): Point {
  const draft = draftRow(inputs, features);
  const text = textRow(draft);
  let row: SparseRow | undefined;
  let map: Float32Array | undefined;
  return {
    features,
    text,
    get row() {
      row ??= finishRow(inputs, draft, features);
      return row;
    },
    get map() {
      if (map === undefined && topics !== undefined) {
        map = new Float32Array(MAP_SIZE);
        writeMap({ inputs }, topics, text, features, map);
      }
      return map;
    },
  };
}

/** The space as a state, for an artifact. */
export function saveSpace({ inputs, topics }: Space): RouterState {
  const { meta, tensors } = saveInputs(inputs);
  return {
    router: 'space',
    meta: { ...meta, topicScale: topics?.scale ?? 0 },
    tensors: { ...tensors, ...(topics === undefined ? {} : { topics: topics.lsa.basis, topicTerms: topics.terms }) },
  };
}

/** @throws `artifact_invalid` */
export function loadSpace(state: RouterState): Space {
  const reader = readState(state, 'space');
  const inputs = loadInputs(reader);
  const scale = reader.number('topicScale');
  if (scale === 0) return { inputs };
  const terms = reader.int32('topicTerms');
  const basis = reader.float32('topics', terms.length * TOPICS);
  return {
    inputs,
    topics: { terms, index: rankIndex(terms, inputs.tfidf.size), lsa: { dim: TOPICS, basis }, scale },
  };
}
