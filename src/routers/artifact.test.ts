import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../training/artifact-file.ts';
import { canonicalJson } from './artifact/canonical-json.ts';
import { readSafetensors, writeSafetensors } from './artifact/safetensors.ts';
import { decodeArtifact, encodeArtifact, type Artifact } from './artifact.ts';
import type { Json, RouterState, Tensor } from './trained.ts';

const HASH = 'ab'.repeat(32);

const SMALL: Artifact = {
  router: {
    router: 'blend',
    meta: { lambda: 0.1, terms: ['α', null], zero: -0 },
    tensors: { weights: Float64Array.of(0.5, -0.25, Number.NaN) },
    children: {
      knn: { router: 'knn', meta: {}, tensors: { rows: Uint16Array.of(1, 2, 65_535) } },
      weights: { router: 'ridge', meta: {}, tensors: { w: Float32Array.of(3) }, children: {} },
    },
  },
  models: ['small', 'large'],
  trainedOn: { hash: HASH, rows: 3 },
  metrics: { auc: 0.71, 'auc ci': [0.7, 0.72] },
  sample: {
    rows: 1,
    quality: Float32Array.of(0.25, 0.75),
    score: Float32Array.of(0, Number.NaN),
    expectedCost: Float32Array.of(0.001, Number.NaN),
    cost: Float32Array.of(0.002, 0.01),
    inputTokens: Float32Array.of(12),
    outputTokens: Float32Array.of(300, 280),
  },
  costs: { router: 'output-length', meta: { unit: 'tokens' }, tensors: { mean: Float32Array.of(300, 280) } },
  calibration: { router: 'isotonic', meta: {}, tensors: {} },
  embedder: { kind: 'openai', model: 'text-embedding-3-small', dim: 256 },
};

/** The file with other metadata, its digest made anew: what someone who means harm would write. */
function sealed(
  change: (metadata: Record<string, string>) => void,
  tensors?: (all: Map<string, { shape: number[]; data: Tensor }>) => void,
) {
  const file = readSafetensors(encodeArtifact(SMALL, sha256));
  const metadata = { ...Object.fromEntries(file.metadata), sha256: '0'.repeat(64) };
  change(metadata);
  const all = new Map([...file.tensors].map(([name, { shape, read }]) => [name, { shape: [...shape], data: read() }]));
  tensors?.(all);
  const bytes = writeSafetensors(all, metadata);
  const digits = Buffer.from(bytes).indexOf(`"sha256":"${'0'.repeat(64)}`) + 10;
  bytes.set(Buffer.from(sha256(bytes)), digits);
  return bytes;
}

const decoding = (bytes: Uint8Array) => () => decodeArtifact(bytes, sha256);

/** A value with every bit of its numbers and in one order of fields, as text. */
const picture = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) => {
    if (Object.is(part, -0)) return '-0';
    if (ArrayBuffer.isView(part)) {
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      return [Object.prototype.toString.call(part), ...bytes];
    }
    const plain = typeof part === 'object' && part !== null && !Array.isArray(part);
    return plain ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part;
  });

describe('an artifact', () => {
  it('comes back to the bit', () => {
    const back = decodeArtifact(encodeArtifact(SMALL, sha256), sha256);
    expect(back).toStrictEqual(SMALL);
  });

  it('comes back to the bit, whatever it holds', () => {
    const few = { maxLength: 5 };
    const floats = fc.oneof(
      fc.float32Array(few),
      fc.float64Array(few),
      fc.int32Array(few),
      fc.uint16Array(few),
      fc.uint8Array(few),
    );
    const odd = fc.constantFrom('é', '\0', '\ud800', 'constructor', 'toString', '0');
    const name = fc.oneof(fc.string({ minLength: 1 }), odd).filter((s) => !s.includes('/') && s !== '__proto__');
    const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__'));
    const meta = fc.dictionary(name, json as fc.Arbitrary<Json>, { noNullPrototype: true, maxKeys: 4 });
    const tensors = fc.dictionary(name, floats as fc.Arbitrary<Tensor>, { noNullPrototype: true, maxKeys: 3 });
    const parts = { router: fc.string({ minLength: 1 }), meta, tensors };
    const leaf: fc.Arbitrary<RouterState> = fc.record(parts, { noNullPrototype: true });
    const above = (below: fc.Arbitrary<RouterState>): fc.Arbitrary<RouterState> =>
      fc.record({ ...parts, children: fc.dictionary(name, below, { maxKeys: 2 }) }, { noNullPrototype: true });
    fc.assert(
      fc.property(
        fc.oneof(leaf, above(leaf), above(above(leaf))),
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
        meta,
        (router, models, metrics) => {
          const artifact: Artifact = { router, models, metrics, trainedOn: { hash: HASH, rows: 7 } };
          const bytes = encodeArtifact(artifact, sha256);
          const back = decodeArtifact(bytes, sha256);
          expect(picture(back)).toBe(picture(artifact));
          expect(sha256(encodeArtifact(back, sha256))).toBe(sha256(bytes));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives the same bytes whatever the order of its fields', () => {
    const turned = (value: Json): Json =>
      Array.isArray(value) || typeof value !== 'object' || value === null
        ? value
        : Object.fromEntries(Object.entries(value).toReversed());
    const { router } = SMALL;
    const other: Artifact = {
      ...SMALL,
      metrics: turned(SMALL.metrics) as Artifact['metrics'],
      router: {
        ...router,
        meta: turned(router.meta) as RouterState['meta'],
        children: Object.fromEntries(Object.entries(router.children ?? {}).toReversed()),
      },
    };
    expect(sha256(encodeArtifact(other, sha256))).toBe(sha256(encodeArtifact(SMALL, sha256)));
  });

  it('is refused when any single byte is another', () => {
    const bytes = encodeArtifact(SMALL, sha256);
    let passed = 0;
    for (let at = 0; at < bytes.length; at++) {
      const kept = bytes[at] ?? 0;
      for (const flip of [0x01, 0x20]) {
        bytes[at] = kept ^ flip;
        try {
          decodeArtifact(bytes, sha256);
          passed++;
        } catch (error) {
          expect(error).toMatchObject({ code: 'artifact_invalid' });
        }
      }
      bytes[at] = kept;
    }
    expect(passed).toBe(0);
    expect(decodeArtifact(bytes, sha256).models).toEqual(SMALL.models);
  });

  it('is refused when it ends too early or too late', () => {
    const bytes = encodeArtifact(SMALL, sha256);
    for (let length = 0; length < bytes.length; length++) {
      expect(decoding(bytes.subarray(0, length))).toThrow(/damaged or incomplete/);
    }
    expect(decoding(Uint8Array.of(...bytes, 0))).toThrow(/damaged or incomplete/);
  });

  it('of another version is refused with both versions and advice', () => {
    const other = sealed((metadata) => Object.assign(metadata, { format: '2', features: '3' }));
    expect(decoding(other)).toThrow(
      /made with format 2 and features 3, this version reads format 1 and features \d+; train it again with signalbox train/,
    );
    const features = sealed((metadata) => Object.assign(metadata, { features: '999' }));
    expect(decoding(features)).toThrow(/features 999/);
  });

  it('is not any safetensors file', () => {
    const bytes = writeSafetensors(new Map(), { format: 'pt' });
    expect(decoding(bytes)).toThrow(/not one of a trained router; make one with signalbox train/);
  });

  it.each([
    ['no models', { models: '[]' }, /no models/],
    ['a model twice', { models: '["a","a"]' }, /"a" twice/],
    ['models that are no names', { models: '["a",1]' }, /not a list of names/],
    ['models that are no JSON', { models: '[' }, /"models" is missing or not JSON/],
    ['no training set', { trainedOn: '{}' }, /no hash and rows/],
    ['rows below zero', { trainedOn: `{"hash":"${HASH}","rows":-1}` }, /no hash and rows/],
    ['metrics that are a list', { metrics: '[]' }, /metrics is not an object/],
    ['a router without a name', { router: '{"meta":{}}' }, /router: has no router/],
    [
      'a router without children that its tensors need',
      { router: '{"router":"x","meta":{}}' },
      /tensors of "router\/weights" belong to nothing/,
    ],
    ['a child that is a list', { router: '{"router":"x","meta":{},"children":{"a":[]}}' }, /router\/a: is not an obj/],
    ['vectors without dimensions', { embedder: '{"kind":"openai","model":"m","dim":0}' }, /0 dimensions/],
    ['other models than its sample', { models: '["a"]' }, /sample\/quality has 2 numbers, 1 rows of 1 models need 1/],
  ])('is refused with %s, though its digest is right', (_what, change, message) => {
    const bytes = sealed((metadata) => Object.assign(metadata, change));
    expect(decoding(bytes)).toThrow(message);
    expect(decoding(bytes)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });

  it('is refused with routers nested without end', () => {
    const deep = `${'{"router":"x","meta":{},"children":{"a":'.repeat(5000)}1${'}}'.repeat(5000)}`;
    expect(decoding(sealed((metadata) => Object.assign(metadata, { costs: deep })))).toThrow(/nested more than/);
  });

  it('is refused with a sample that lacks an array, has one of another type or numbers out of range', () => {
    const without = (change: (all: Map<string, { shape: number[]; data: Tensor }>) => void) =>
      decoding(sealed(() => {}, change));
    expect(without((all) => all.delete('sample/cost'))).toThrow(/sample\/cost is missing/);
    expect(without((all) => all.set('sample/cost', { shape: [2], data: Float64Array.of(1, 2) }))).toThrow(/32-bit/);
    for (const [name, data, message] of [
      ['quality', Float32Array.of(0.5, Number.NaN), /quality holds NaN at 1/],
      ['score', Float32Array.of(0.5, 1.5), /score holds 1.5 at 1/],
      ['cost', Float32Array.of(-1, 0), /cost holds -1 at 0/],
      ['expectedCost', Float32Array.of(Number.POSITIVE_INFINITY, 0), /expectedCost holds Infinity at 0/],
    ] as const) {
      expect(without((all) => all.set(`sample/${name}`, { shape: [1, 2], data }))).toThrow(message);
    }
  });

  it('that could not be loaded again is not written', () => {
    const encoding = (change: Partial<Artifact>) => () => encodeArtifact({ ...SMALL, ...change }, sha256);
    const router = (change: Partial<RouterState>) => encoding({ router: { ...SMALL.router, ...change } });
    expect(encoding({ models: [] })).toThrow(/no models/);
    expect(encoding({ trainedOn: { hash: 'x', rows: 1 } })).toThrow(/not a SHA-256/);
    expect(encoding({ trainedOn: { hash: HASH, rows: Number.NaN } })).toThrow(/NaN rows/);
    expect(router({ meta: { x: Number.NaN } })).toThrow(/JSON cannot hold NaN/);
    expect(router({ tensors: { 'a/b': Uint8Array.of(1) } })).toThrow(/"a\/b" cannot name/);
    expect(router({ children: { 'a/b': SMALL.router } })).toThrow(/"a\/b" cannot name/);
  });
});

describe('canonical JSON', () => {
  it('sorts keys at every depth, and keeps every bit of a number', () => {
    expect(canonicalJson({ b: [{ d: 1, c: -0 }], a: 'é\ud800' })).toBe('{"a":"é\\ud800","b":[{"c":-0,"d":1}]}');
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(JSON.parse(canonicalJson(x))).toBe(x);
      }),
    );
  });
});
