/** Which vectors: spaces of different models never mix. */
export interface VectorSpace {
  /** `openai`, `ollama`, `transformers`, … */
  readonly kind: string;
  /** The model's name there. */
  readonly model: string;
  /** Length of every vector. */
  readonly dim: number;
}

/** Turns texts into dense vectors. Its I/O lives in `providers/`; what thinks only sees the vectors. */
export interface Embedder {
  /** `kind/model`, for people. */
  readonly name: string;
  /** Length of its vectors; undefined while nobody said and nothing was answered. */
  readonly dim: number | undefined;
  /**
   * One vector of unit length per text, in order.
   * @throws when it cannot be reached, is aborted or answers with what are no such vectors.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Ends what it keeps running, if anything. */
  close?(): Promise<void>;
}

/** Numbers as a vector of length one; undefined when they are none: not finite, all zero, nothing at all. */
export function unitVector(numbers: ArrayLike<unknown>): Float32Array | undefined {
  let squares = 0;
  const vector = new Float32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i];
    if (typeof value !== 'number') return undefined;
    vector[i] = value;
    squares += value * value;
  }
  if (!(squares > 0 && squares < Number.POSITIVE_INFINITY)) return undefined;
  const scale = 1 / Math.sqrt(squares);
  // From the numbers, not from what 32 bits kept of them: large ones would be infinite.
  for (let i = 0; i < vector.length; i++) vector[i] = Number(numbers[i]) * scale;
  return vector;
}

/** An embedder's setting, as far as it tells which vectors come out. */
export interface EmbedderChoice {
  readonly kind: string;
  readonly model?: string | undefined;
  readonly dimensions?: number | undefined;
}

/** The space of a setting's vectors; a folder of files goes by its name, wherever it stands. */
export function spaceOf({ kind, model = '' }: EmbedderChoice, dim: number): VectorSpace {
  const name = kind === 'transformers' ? (model.split(/[/\\]+/).findLast((part) => part !== '') ?? '') : model;
  return { kind, model: name, dim };
}

/** Why a setting does not give the vectors that a router was trained with, and what to write; undefined when it does. */
export function spaceMismatch(need: VectorSpace, choice: EmbedderChoice | undefined): string | undefined {
  const wanted = `vectors of ${need.kind}/${need.model} with ${need.dim} dimensions`;
  const advice = `routing.embedder: { kind: ${need.kind}, model: ${need.model}, dimensions: ${need.dim} }`;
  if (choice === undefined || choice.kind === 'hashed') {
    return `the router was trained with ${wanted}, and no embedder is configured; set ${advice}`;
  }
  const { kind, model, dim } = spaceOf(choice, choice.dimensions ?? need.dim);
  return kind === need.kind && model === need.model && dim === need.dim
    ? undefined
    : `the router was trained with ${wanted}, and ${kind}/${model} with ${dim} is configured; set ${advice}`;
}
