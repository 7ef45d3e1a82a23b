import type { VectorSpace } from '../query/embedder.ts';
import { FEATURE_VERSION } from '../query/features.ts';
import { canonicalJson } from './artifact/canonical-json.ts';
import { DAMAGED, invalidArtifact } from './artifact/invalid.ts';
import { isCount, readSafetensors, writeSafetensors, type ShapedTensor } from './artifact/safetensors.ts';
import { checkSample, sampleTensors, takeSample, type OutOfFoldSample } from './artifact/sample.ts';
import { assemble, flatten, foldersOf, skeletonOf } from './artifact/tree.ts';
import type { Json, RouterState } from './trained.ts';

export { MAX_SAMPLE, type OutOfFoldSample } from './artifact/sample.ts';

/** Changes when the layout inside the file changes: an artifact of another version is refused. */
export const ARTIFACT_FORMAT = 1;

/** A trained router with all that is needed to use it and to know where it comes from. */
export interface Artifact {
  readonly router: RouterState;
  /** The models it has learnt about: columns of `sample`. */
  readonly models: readonly string[];
  readonly trainedOn: {
    /** SHA-256 of the training set, hex. */
    readonly hash: string;
    readonly rows: number;
  };
  /** What was measured when it was made, by name. */
  readonly metrics: { readonly [name: string]: Json };
  readonly sample?: OutOfFoldSample;
  /** Predicts output tokens. */
  readonly costs?: RouterState;
  /** Maps predictions to shares of good answers. */
  readonly calibration?: RouterState;
  /** The vectors that its router was trained with, and that requests must bring. */
  readonly embedder?: VectorSpace;
}

/** SHA-256 in hex of the concatenated parts. Given by the caller: what thinks does no cryptography. */
export type Sha256 = (...parts: readonly Uint8Array[]) => string;

/** The digest is taken with its own digits as zeros, so that it covers every byte of the file. */
const NO_DIGEST = '0'.repeat(64);
const DIGEST = /^[0-9a-f]{64}$/;

const PARTS = ['router', 'costs', 'calibration'] as const;

function checkModels(models: readonly string[]): void {
  if (models.length === 0) throw invalidArtifact('the artifact has no models');
  const seen = new Set<string>(['']);
  for (const model of models) {
    if (seen.has(model)) throw invalidArtifact(`the artifact has model "${model}" twice, or without a name`);
    seen.add(model);
  }
}

function checkArtifact(artifact: Artifact): Artifact {
  checkModels(artifact.models);
  const { hash, rows } = artifact.trainedOn;
  if (!DIGEST.test(hash)) throw invalidArtifact('the hash of the training set is not a SHA-256 in hex');
  if (!Number.isSafeInteger(rows) || rows < 0) throw invalidArtifact(`the training set cannot have ${rows} rows`);
  if (artifact.sample !== undefined) checkSample(artifact.sample, artifact.models.length);
  const dim = artifact.embedder?.dim ?? 1;
  if (!Number.isSafeInteger(dim) || dim < 1) throw invalidArtifact(`vectors cannot have ${dim} dimensions`);
  return artifact;
}

/** Where the digest's digits stand in the file. */
function findDigest(bytes: Uint8Array, digest: string): number {
  const wanted = new TextEncoder().encode(`"sha256":"${digest}"`);
  for (let at = bytes.indexOf(0x22); at !== -1; at = bytes.indexOf(0x22, at + 1)) {
    let same = 0;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at + wanted.indexOf(0x3a) + 2;
  }
  return -1;
}

/**
 * An artifact as one safetensors file. Equal artifacts give equal bytes, whatever the order of their fields.
 * @throws `artifact_invalid` for what could not be loaded again; RangeError for meta that JSON cannot hold.
 */
export function encodeArtifact(artifact: Artifact, sha256: Sha256): Uint8Array {
  checkArtifact(artifact);
  const { models, trainedOn, metrics, sample, embedder } = artifact;
  const tensors = new Map<string, ShapedTensor>(sample === undefined ? [] : sampleTensors(sample, models.length));
  const metadata: Record<string, string> = {
    format: String(ARTIFACT_FORMAT),
    features: String(FEATURE_VERSION),
    models: canonicalJson(models),
    trainedOn: canonicalJson({ hash: trainedOn.hash, rows: trainedOn.rows }),
    metrics: canonicalJson(metrics),
    sha256: NO_DIGEST,
  };
  if (embedder !== undefined) {
    metadata['embedder'] = canonicalJson({ kind: embedder.kind, model: embedder.model, dim: embedder.dim });
  }
  for (const part of PARTS) {
    const state = artifact[part];
    if (state === undefined) continue;
    metadata[part] = canonicalJson(skeletonOf(state));
    for (const [name, data] of flatten(part, state)) tensors.set(name, { shape: [data.length], data });
  }
  const bytes = writeSafetensors(tensors, metadata);
  bytes.set(new TextEncoder().encode(sha256(bytes)), findDigest(bytes, NO_DIGEST));
  return bytes;
}

function checkFormat(metadata: ReadonlyMap<string, string>): void {
  const format = metadata.get('format');
  const features = metadata.get('features');
  if (metadata.get('sha256') === undefined || features === undefined || format === undefined) {
    throw invalidArtifact(
      'this is a safetensors file, but not one of a trained router',
      'make one with signalbox train',
    );
  }
  if (format !== String(ARTIFACT_FORMAT) || features !== String(FEATURE_VERSION)) {
    throw invalidArtifact(
      `it was made with format ${format} and features ${features}, this version reads format ${ARTIFACT_FORMAT} and features ${FEATURE_VERSION}`,
    );
  }
}

function checkDigest(bytes: Uint8Array, digest: string, sha256: Sha256): void {
  const at = DIGEST.test(digest) ? findDigest(bytes, digest) : -1;
  const zeros = new TextEncoder().encode(NO_DIGEST);
  const found = at === -1 ? '' : sha256(bytes.subarray(0, at), zeros, bytes.subarray(at + zeros.length));
  if (found !== digest) throw invalidArtifact('its content does not match its SHA-256', DAMAGED);
}

function readModels(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((model) => typeof model === 'string')) {
    throw invalidArtifact('models is not a list of names', DAMAGED);
  }
  return value;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function readTrainedOn(value: unknown): Artifact['trainedOn'] {
  const hash = field(value, 'hash');
  const rows = field(value, 'rows');
  if (typeof hash !== 'string' || !isCount(rows)) throw invalidArtifact('trainedOn has no hash and rows', DAMAGED);
  return { hash, rows };
}

function readMetrics(value: unknown): Artifact['metrics'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArtifact('metrics is not an object', DAMAGED);
  }
  return value as Artifact['metrics'];
}

function readSpace(value: unknown): VectorSpace {
  const kind = field(value, 'kind');
  const model = field(value, 'model');
  const dim = field(value, 'dim');
  if (typeof kind !== 'string' || typeof model !== 'string' || !isCount(dim)) {
    throw invalidArtifact('embedder has no kind, model and dim', DAMAGED);
  }
  return { kind, model, dim };
}

/** Reads the JSON of metadata fields. */
function jsonReader(metadata: ReadonlyMap<string, string>) {
  return (name: string): unknown => {
    try {
      return JSON.parse(metadata.get(name) ?? '');
    } catch {
      throw invalidArtifact(`metadata "${name}" is missing or not JSON`, DAMAGED);
    }
  };
}

/**
 * The artifact of a file, after everything was checked: layout, versions, digest, models, shapes, ranges. Arrays are
 * copies and stay valid when `bytes` changes.
 * @throws `artifact_invalid` that says what is wrong and what to do.
 */
export function decodeArtifact(bytes: Uint8Array, sha256: Sha256): Artifact {
  const file = readSafetensors(bytes);
  const { metadata } = file;
  checkFormat(metadata);
  checkDigest(bytes, metadata.get('sha256') ?? '', sha256);
  const json = jsonReader(metadata);
  const models = readModels(json('models'));
  const folders = foldersOf(file.tensors);
  const sample = takeSample(folders);
  const part = (name: (typeof PARTS)[number]) =>
    metadata.has(name) ? { [name]: assemble(name, json(name), folders) } : {};
  const artifact: Artifact = {
    router: assemble('router', json('router'), folders),
    models,
    trainedOn: readTrainedOn(json('trainedOn')),
    metrics: readMetrics(json('metrics')),
    ...(sample === undefined ? {} : { sample }),
    ...part('costs'),
    ...part('calibration'),
    ...(metadata.has('embedder') ? { embedder: readSpace(json('embedder')) } : {}),
  };
  const [left] = folders.keys();
  if (left !== undefined) throw invalidArtifact(`the tensors of "${left.slice(0, 80)}" belong to nothing`, DAMAGED);
  return checkArtifact(artifact);
}
