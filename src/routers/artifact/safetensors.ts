import type { Tensor } from '../trained.ts';
import { canonicalJson } from './canonical-json.ts';
import { DAMAGED, invalidArtifact } from './invalid.ts';

/** An array with its row-major shape. */
export interface ShapedTensor {
  readonly shape: readonly number[];
  readonly data: Tensor;
}

/** Where a tensor stands in a file; its bytes are not touched yet. */
export interface TensorEntry {
  readonly shape: readonly number[];
  /** A copy of the tensor, aligned. */
  read(): Tensor;
}

/** A safetensors file whose header was read and whose byte ranges hold. */
export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The arrays that we write, by the format's names, largest element first. */
const DTYPES = [
  { dtype: 'F64', size: 8, of: Float64Array },
  { dtype: 'F32', size: 4, of: Float32Array },
  { dtype: 'I32', size: 4, of: Int32Array },
  { dtype: 'U16', size: 2, of: Uint16Array },
  { dtype: 'U8', size: 1, of: Uint8Array },
] as const;

const PREFIX = 8;
/** The reference implementation's own limit on headers. */
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';

function rowOf(data: Tensor) {
  const row = DTYPES.find(({ of }) => data instanceof of);
  if (row === undefined) throw new RangeError('not an array that an artifact can hold');
  return row;
}

/**
 * A safetensors file: 8 bytes of little-endian header length, the JSON header, then the bytes of all tensors without
 * gaps. Tensors stand by element size and then by name, so that each is aligned. Equal input gives equal bytes.
 * Format: huggingface/safetensors, README.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, ShapedTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const sorted = [...tensors]
    .map(([name, { shape, data }]) => ({ name, shape, data, row: rowOf(data) }))
    .sort((a, b) => DTYPES.indexOf(a.row) - DTYPES.indexOf(b.row) || (a.name < b.name ? -1 : 1));
  let offset = 0;
  const fields = sorted.map(({ name, shape, data, row }) => {
    const begin = offset;
    offset += data.byteLength;
    const entry = canonicalJson({ data_offsets: [begin, offset], dtype: row.dtype, shape: [...shape] });
    return `,${JSON.stringify(name)}:${entry}`;
  });
  const json = new TextEncoder().encode(`{"${METADATA}":${canonicalJson(metadata)}${fields.join('')}}`);
  const header = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX + header + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header), true);
  bytes.fill(0x20, PREFIX + json.length, PREFIX + header);
  bytes.set(json, PREFIX);
  let at = PREFIX + header;
  for (const { data } of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A size, an offset, a number of rows. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The end of the header's JSON, and the JSON. */
function readHeader(bytes: Uint8Array): { data: number; header: Record<string, unknown> } {
  if (bytes.length < PREFIX) {
    throw invalidArtifact(`the file has ${bytes.length} bytes, which is no safetensors file`, DAMAGED);
  }
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const rest = bytes.length - PREFIX;
  if (claimed > BigInt(Math.min(rest, MAX_HEADER))) {
    throw invalidArtifact(`the header claims ${claimed} bytes where ${rest} are left`, DAMAGED);
  }
  const data = PREFIX + Number(claimed);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PREFIX, data)));
  } catch (cause) {
    throw invalidArtifact(`the header is not JSON (${cause instanceof Error ? cause.message : ''})`, DAMAGED);
  }
  if (!isRecord(header)) throw invalidArtifact('the header is not a JSON object', DAMAGED);
  return { data, header };
}

function readMetadata(value: unknown): Map<string, string> {
  const fields = value === undefined ? {} : value;
  if (!isRecord(fields)) throw invalidArtifact(`the header's ${METADATA} is not an object`, DAMAGED);
  return new Map(
    Object.entries(fields).map(([name, text]) => {
      if (typeof text !== 'string') throw invalidArtifact(`metadata "${name}" is not a text`, DAMAGED);
      return [name, text];
    }),
  );
}

/** One tensor's dtype, shape and byte range, which agree. */
function readEntry(name: string, value: unknown) {
  const bad = (what: string) => invalidArtifact(`tensor "${name.slice(0, 80)}" ${what}`, DAMAGED);
  if (!isRecord(value)) throw bad('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = value;
  const row = DTYPES.find((known) => known.dtype === dtype);
  if (row === undefined) {
    throw bad(`has the unknown type ${JSON.stringify(dtype)}; known are ${DTYPES.map((d) => d.dtype).join(', ')}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw bad('has a shape that is not a list of sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) throw bad('has no byte range');
  const [begin = 0, end = 0] = offsets;
  const size = shape.reduce<number>((product, length) => product * length, row.size);
  if (end - begin !== size) throw bad(`has ${end - begin} bytes, its shape [${shape.join(', ')}] needs ${size}`);
  return { name, row, shape, begin, end };
}

/**
 * Reads a header and checks every claim it makes against the file: sizes, types, byte ranges that follow each other
 * without gap or overlap up to the last byte. Nothing is allocated by a claim.
 * @throws `artifact_invalid`
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { data, header } = readHeader(bytes);
  const metadata = readMetadata(header[METADATA]);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected) {
      throw invalidArtifact(
        `tensor "${name.slice(0, 80)}" begins at byte ${begin} of the data, where ${expected} is free`,
        DAMAGED,
      );
    }
    expected = end;
  }
  const held = bytes.length - data;
  if (expected !== held) {
    throw invalidArtifact(`the tensors need ${expected} bytes of data and the file has ${held}`, DAMAGED);
  }
  return {
    metadata,
    tensors: new Map(
      entries.map(({ name, row, shape, begin, end }) => [
        name,
        {
          shape,
          read() {
            const copy = new Uint8Array(bytes.subarray(data + begin, data + end));
            return new row.of(copy.buffer, 0, copy.length / row.size);
          },
        },
      ]),
    ),
  };
}
