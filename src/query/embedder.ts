/** Which vectors: spaces of different models never mix. */
export interface VectorSpace {
  /** `openai`, `ollama`, `transformers`, … */
  readonly kind: string;
  /** The model's name there. */
  readonly model: string;
  /** Length of every vector. */
  readonly dim: number;
}
