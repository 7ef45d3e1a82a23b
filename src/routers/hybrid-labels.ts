/** How "the model is good enough" is read off a model's and the reference's score. */
export type HybridMode = 'deterministic' | 'probabilistic' | 'transformed';

export const HYBRID_MODES: readonly HybridMode[] = ['deterministic', 'probabilistic', 'transformed'];

/** τ of the probabilistic label: a gap of .1 is odds of e to one. LLMRouter's default. */
export const TEMPERATURE = 0.1;

/** Points at which t is tried. LLMRouter's default. */
const GRID = 50;

/**
 * t* of HybridLLM (Ding et al., ICLR 2024): the allowance that spreads the labels most, argmax over 50 points of 0..1 of
 * 2p(1 − p) with p(t) = share of gaps ≥ −t. The smallest one where several are equal.
 */
export function bestAllowance(gaps: Float64Array): number {
  let best = 0;
  let most = -1;
  for (let step = 0; step < GRID; step++) {
    const t = step / (GRID - 1);
    let count = 0;
    for (const gap of gaps) if (gap >= -t) count++;
    const p = gaps.length === 0 ? 0 : count / gaps.length;
    const spread = 2 * p * (1 - p);
    if (spread > most + 1e-12) {
      most = spread;
      best = t;
    }
  }
  return best;
}

/**
 * Labels of one model from its gaps q_S − q_L to the reference: 1[gap ≥ 0], σ(gap / τ), or 1[gap ≥ −t*]. The paper's
 * probabilistic label is the share of sampled answer pairs in which the small model's is as good; a recorded score is a
 * mean already, so LLMRouter's smooth form is used.
 */
export function hybridLabels(gaps: Float64Array, mode: HybridMode): Float64Array {
  if (mode === 'probabilistic') return gaps.map((gap) => 1 / (1 + Math.exp(-gap / TEMPERATURE)));
  const allowance = mode === 'transformed' ? bestAllowance(gaps) : 0;
  return gaps.map((gap) => (gap >= -allowance ? 1 : 0));
}
