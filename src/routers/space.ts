import { STRUCTURE_SIZE, structureOf } from '../query/structure.ts';
import { rowOf, type Csr, type SparseRow } from './numeric/csr.ts';
import { fitLsa, project, type Lsa } from './numeric/lsa.ts';
import { seededRandom, shuffledIndices } from './numeric/random.ts';
import { standardise } from './numeric/standardise.ts';
import type { Features } from './router.ts';
import { fitSparseInputs, inputMatrix, inputRow, loadInputs, saveInputs, type SparseInputs } from './sparse-inputs.ts';
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
  readonly lsa: Lsa;
  /** Divides topic coordinates so that a training row has length one on average. */
  readonly scale: number;
}

/** One query in the space. */
export interface Point {
  readonly features: Features;
  readonly row: SparseRow;
  readonly map?: Float32Array;
}

/** Training queries in the space. */
export interface Points {
  readonly rows: Csr;
  /** n × `mapSize`. */
  readonly map?: Float32Array;
}

const TOPICS = 64;
/** Rows that topic directions are learnt from: more change them little. */
const TOPIC_ROWS = 3000;
/** How much structure counts against topics in a distance. */
const STRUCTURE_WEIGHT = 0.7;
const FORM_SIZE = 256;
/** Length of the form part of a row, where the n-gram part has length one: weight .2 of the kernel. */
const FORM_WEIGHT = Math.sqrt(0.2);

/** Numbers of a point's map. */
export const MAP_SIZE = TOPICS + STRUCTURE_SIZE;

/** The row without its form features: n-grams alone, a unit row. */
export function textOf({ row }: Pick<Point, 'row'>, space: Space): SparseRow {
  const size = row.columns.length - space.inputs.form.size;
  return { columns: row.columns.subarray(0, size), values: row.values.subarray(0, size) };
}

function writeMap(space: Space, topics: Topics, row: SparseRow, features: Features, out: Float32Array): void {
  const topic = project(topics.lsa, textOf({ row }, space));
  for (let c = 0; c < TOPICS; c++) out[c] = (topic[c] ?? 0) * topics.scale;
  const scaled = new Float64Array(STRUCTURE_SIZE);
  standardise(space.inputs.scaling, features.structure ?? structureOf(features.query), scaled);
  const weight = STRUCTURE_WEIGHT / Math.sqrt(STRUCTURE_SIZE);
  for (let c = 0; c < STRUCTURE_SIZE; c++) out[TOPICS + c] = (scaled[c] ?? 0) * weight;
}

/** Learns the space of training queries and places them in it. */
export function fitSpace(
  features: readonly Features[],
  { seed, wants = [] }: { readonly seed: number; readonly wants?: readonly Want[] },
): { readonly space: Space; readonly points: Points } {
  const inputs = fitSparseInputs(features, { seed, formSize: FORM_SIZE, formWeight: FORM_WEIGHT });
  const rows = inputMatrix(inputs, features);
  if (!wants.includes('map')) return { space: { inputs }, points: { rows } };
  const chosen = shuffledIndices(features.length, seededRandom(seed)).slice(0, TOPIC_ROWS).sort();
  const lsa = fitLsa(textMatrix(rows, inputs, chosen), TOPICS, { seed, iterations: 2 });
  let squares = 0;
  for (const i of chosen) {
    for (const value of project(lsa, textOf({ row: rowOf(rows, i) }, { inputs }))) squares += value * value;
  }
  const topics: Topics = { lsa, scale: squares > 0 ? 1 / Math.sqrt(squares / chosen.length) : 1 };
  const space: Space = { inputs, topics };
  const map = new Float32Array(features.length * MAP_SIZE);
  for (const [i, each] of features.entries()) {
    writeMap(space, topics, rowOf(rows, i), each, map.subarray(i * MAP_SIZE, (i + 1) * MAP_SIZE));
  }
  return { space, points: { rows, map } };
}

/** The n-gram part of some rows, as a matrix of its own. */
function textMatrix(rows: Csr, inputs: SparseInputs, chosen: Int32Array): Csr {
  const starts = new Int32Array(chosen.length + 1);
  const columns: Int32Array[] = [];
  const values: Float32Array[] = [];
  for (const [to, from] of chosen.entries()) {
    const text = textOf({ row: rowOf(rows, from) }, { inputs });
    starts[to + 1] = (starts[to] ?? 0) + text.columns.length;
    columns.push(text.columns);
    values.push(text.values);
  }
  const out = {
    columns: new Int32Array(starts[chosen.length] ?? 0),
    values: new Float32Array(starts[chosen.length] ?? 0),
  };
  for (const [i, at] of starts.subarray(0, -1).entries()) {
    out.columns.set(columns[i] ?? [], at);
    out.values.set(values[i] ?? [], at);
  }
  return { rows: chosen.length, cols: inputs.tfidf.size, starts, ...out };
}

/** Places one query in the space. */
export function pointOf(space: Space, features: Features): Point {
  const row = inputRow(space.inputs, features);
  if (space.topics === undefined) return { features, row };
  const map = new Float32Array(MAP_SIZE);
  writeMap(space, space.topics, row, features, map);
  return { features, row, map };
}

/** The space as a state, for an artifact. */
export function saveSpace({ inputs, topics }: Space): RouterState {
  const { meta, tensors } = saveInputs(inputs);
  return {
    router: 'space',
    meta: { ...meta, topicScale: topics?.scale ?? 0 },
    tensors: { ...tensors, ...(topics === undefined ? {} : { topics: topics.lsa.basis }) },
  };
}

/** @throws `artifact_invalid` */
export function loadSpace(state: RouterState): Space {
  const reader = readState(state, 'space');
  const inputs = loadInputs(reader);
  const scale = reader.number('topicScale');
  if (scale === 0) return { inputs };
  const basis = reader.float32('topics', inputs.tfidf.size * TOPICS);
  return { inputs, topics: { lsa: { dim: TOPICS, basis }, scale } };
}
