import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const encoder = new TextEncoder();

/** A file with this header text and these data bytes; the length prefix is true unless another is claimed. */
function file(header: string, data: readonly number[] = [], claimed = BigInt(encoder.encode(header).length)) {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, claimed, true);
  return Uint8Array.of(...prefix, ...encoder.encode(header), ...data);
}

const read = (bytes: Uint8Array) => () => readSafetensors(bytes);

describe('the safetensors layout', () => {
  // As the Python package writes save_file({"w": [[1.5, -2.0]], "n": [258]}, metadata={"format": "pt"}).
  const PUBLISHED = Uint8Array.from(
    Buffer.from(
      [
        '9000000000000000', // 144 bytes of header
        Buffer.from(
          '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"n":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}',
        ).toString('hex'),
        '202020', // padded with spaces so that data begins at a multiple of 8
        '0000c03f000000c0', // 1.5, −2.0
        '02010000', // 258
      ].join(''),
      'hex',
    ),
  );

  it('reads a file as others write it, byte for byte', () => {
    const { metadata, tensors } = readSafetensors(PUBLISHED);
    expect([...metadata]).toEqual([['format', 'pt']]);
    expect(tensors.get('w')?.shape).toEqual([1, 2]);
    expect(tensors.get('w')?.read()).toEqual(Float32Array.of(1.5, -2));
    expect(tensors.get('n')?.read()).toEqual(Int32Array.of(258));
  });

  it('writes what is written out here by hand', () => {
    const bytes = writeSafetensors(
      new Map([
        ['b', { shape: [2], data: Uint8Array.of(7, 9) }],
        ['a', { shape: [1], data: Float64Array.of(1) }],
      ]),
      { k: 'v' },
    );
    const header =
      '{"__metadata__":{"k":"v"},"a":{"data_offsets":[0,8],"dtype":"F64","shape":[1]},"b":{"data_offsets":[8,10],"dtype":"U8","shape":[2]}}';
    expect(header).toHaveLength(132);
    expect(Buffer.from(bytes).toString('latin1')).toBe(
      `\u0088\0\0\0\0\0\0\0${header}    \0\0\0\0\0\0\u00f0\u003f\u0007\t`,
    );
  });

  it('reads tensors at odd places and in a buffer of their own', () => {
    const inner = file('{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    const outer = new Uint8Array(inner.length + 3);
    outer.set(inner, 3);
    const tensor = readSafetensors(outer.subarray(3)).tensors.get('a')?.read();
    outer.fill(0xff);
    expect(tensor).toEqual(Float64Array.of(1));
  });

  it('takes a file without metadata or tensors, and tensors without elements', () => {
    expect(readSafetensors(file('{}')).tensors.size).toBe(0);
    const empty = readSafetensors(file('{"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]}}'));
    expect(empty.tensors.get('e')?.read()).toEqual(new Float32Array(0));
  });

  it.each([
    ['fewer than 8 bytes', Uint8Array.of(1, 0, 0), /3 bytes/],
    ['a header longer than the file', file('{}', [], 3n), /claims 3 bytes where 2 are left/],
    ['a header of 2^64 − 1 bytes', file('{}', [], 2n ** 64n - 1n), /claims 18446744073709551615/],
    ['no JSON', file('{"a"'), /not JSON/],
    ['no UTF-8', Uint8Array.of(...file('{"', [], 5n), 0xff, 0x22, 0x7d), /not JSON/],
    ['a list', file('[]'), /not a JSON object/],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}'), /"a" is not a text/],
    ['an unknown type', file('{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', [0, 0]), /unknown type "F16"/],
    ['a negative size', file('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', [0]), /not a list of sizes/],
    ['half a size', file('{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}', [0]), /not a list of sizes/],
    ['a shape of other size', file('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,1]}}', [0]), /needs 3/],
    ['no range', file('{"a":{"dtype":"U8","shape":[1]}}', [0]), /no byte range/],
    ['a range backwards', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', [0]), /-1 bytes/],
    ['10 GB', file('{"a":{"dtype":"F64","shape":[1250000000],"data_offsets":[0,10000000000]}}', [0]), /10000000000/],
    [
      'a size beyond numbers',
      file('{"a":{"dtype":"F64","shape":[9007199254740991,9007199254740991],"data_offsets":[0,8]}}', Array(8).fill(0)),
      /needs 6\.49/,
    ],
    ['a range past the end', file('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', [0]), /need 2 bytes/],
    ['bytes that no tensor has', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [0, 0]), /file has 2/],
    [
      'two tensors over each other',
      file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        [0, 0, 0],
      ),
      /"b" begins at byte 1 of the data, where 2 is free/,
    ],
    [
      'a gap',
      file(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
        [0, 0, 0],
      ),
      /begins at byte 2/,
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(read(bytes)).toThrow(message);
    expect(read(bytes)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });
});
