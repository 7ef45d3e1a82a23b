import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gaussian, seededRandom } from '../src/routers/numeric/random.ts';

/**
 * A text embedder small enough to be made here: letters → vectors → one layer → tanh, as ONNX files with a tokenizer. It
 * knows nothing; it shows that the neural path works without weights from anywhere.
 */
const DIM = 8;
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');

/** Token ids by name: letters that begin a word, letters that continue one. */
export const TINY_VOCABULARY: ReadonlyMap<string, number> = new Map(
  [...SPECIAL, ...LETTERS, ...LETTERS.map((letter) => `##${letter}`)].map((token, id) => [token, id]),
);

/** The numbers of the model: `table` is tokens × 8, `layer` 8 × 8, row-major; seeded. */
export function tinyWeights(): { readonly dim: number; readonly table: Float32Array; readonly layer: Float32Array } {
  const random = seededRandom(7);
  const matrix = (size: number) => Float32Array.from({ length: size }, () => gaussian(random));
  return { dim: DIM, table: matrix(TINY_VOCABULARY.size * DIM), layer: matrix(DIM * DIM) };
}

// Protocol buffers by hand: the few messages of onnx.proto3 that a graph of three nodes needs.

function varint(value: number): number[] {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

const whole = (field: number, value: number): Buffer => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(value.length)]), value]);
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));
const message = (field: number, ...parts: Buffer[]): Buffer => bytes(field, Buffer.concat(parts));

const FLOAT = 1;
const INT64 = 7;

function tensor(name: string, dims: readonly number[], data: Float32Array): Buffer {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return message(5, ...dims.map((dim) => whole(1, dim)), whole(2, FLOAT), text(8, name), bytes(9, raw));
}

function value(field: 11 | 12, name: string, type: number, dims: readonly (string | number)[]): Buffer {
  const shape = dims.map((dim) => message(1, typeof dim === 'string' ? text(2, dim) : whole(1, dim)));
  return message(field, text(1, name), message(2, message(1, whole(1, type), message(2, ...shape))));
}

function node(op: string, inputs: readonly string[], output: string): Buffer {
  return message(1, ...inputs.map((input) => text(1, input)), text(2, output), text(3, output), text(4, op));
}

function onnxModel(): Buffer {
  const { table, layer } = tinyWeights();
  const graph = message(
    7,
    node('Gather', ['table', 'input_ids'], 'embedded'),
    node('MatMul', ['embedded', 'layer'], 'mixed'),
    node('Tanh', ['mixed'], 'last_hidden_state'),
    text(2, 'tiny-embedder'),
    tensor('table', [TINY_VOCABULARY.size, DIM], table),
    tensor('layer', [DIM, DIM], layer),
    value(11, 'input_ids', INT64, ['batch', 'tokens']),
    value(11, 'attention_mask', INT64, ['batch', 'tokens']),
    value(12, 'last_hidden_state', FLOAT, ['batch', 'tokens', DIM]),
  );
  return Buffer.concat([whole(1, 8), text(2, 'signalbox'), graph, message(8, text(1, ''), whole(2, 13))]);
}

function tokenizer(): object {
  const special = (token: string) => ({ [token]: { id: token, ids: [TINY_VOCABULARY.get(token)], tokens: [token] } });
  const [cls, a, sep] = [
    { SpecialToken: { id: '[CLS]', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '[SEP]', type_id: 0 } },
  ];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [cls, a, sep],
      pair: [cls, a, sep, { Sequence: { id: 'B', type_id: 1 } }, sep],
      special_tokens: { ...special('[CLS]'), ...special('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TINY_VOCABULARY),
    },
  };
}

/** Writes the model into a folder, as `routing.embedder: { kind: transformers, model: <folder> }` wants it. */
export async function writeTinyEmbedder(folder: string): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const json = (name: string, content: object) => writeFile(join(folder, name), JSON.stringify(content, null, 2));
  await json('config.json', {
    model_type: 'bert',
    architectures: ['BertModel'],
    hidden_size: DIM,
    num_attention_heads: 1,
    num_hidden_layers: 1,
    vocab_size: TINY_VOCABULARY.size,
    max_position_embeddings: 512,
    pad_token_id: 0,
  });
  await json('tokenizer.json', tokenizer());
  await json('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    model_max_length: 512,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
  });
  await writeFile(join(folder, 'onnx', 'model.onnx'), onnxModel());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder] = process.argv;
  if (folder === undefined) {
    console.error('usage: tsx scripts/tiny-embedder.ts <folder>');
    process.exitCode = 2;
  } else {
    await writeTinyEmbedder(folder);
    console.log(folder);
  }
}
