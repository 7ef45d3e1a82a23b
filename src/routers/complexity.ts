import type { Model } from '../catalog/model.ts';
import { difficultyOf, explainDifficulty } from '../query/difficulty.ts';
import { logit, sigmoid } from './numeric/sigmoid.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction, Router } from './router.ts';

/** Rules are guesses: their error is added to the declared quality's own. */
const RULES_STDERR = 0.1;

/** A model's ability on the logit scale: its declared quality, kept off 0 and 1 so that no query is hopeless. */
export function abilityOf(model: Model): number {
  return logit(priorOf(model).quality, 0.02);
}

function difficulty(features: Features): number {
  const d = features.difficulty ?? difficultyOf(features.query);
  return Number.isFinite(d) ? d : 0;
}

function predictOne(model: Model, d: number): Prediction {
  return { quality: sigmoid(abilityOf(model) - d), stderr: Math.hypot(priorOf(model).stderr, RULES_STDERR) };
}

function signed(weight: number): string {
  return weight < 0 ? `−${(-weight).toFixed(1)}` : `+${weight.toFixed(1)}`;
}

/**
 * Hand-written rules: quality = σ(ability − difficulty), the one-parameter item response model (Rasch, 1960) with a
 * difficulty read off the instruction's words. It exists because people ask for rules; it has learnt nothing.
 */
export const complexity: Router = {
  name: 'complexity',
  needs: ['difficulty'],
  predict(features, models) {
    const d = difficulty(features);
    return models.map((model) => predictOne(model, d));
  },
  explain(features) {
    const terms = explainDifficulty(features.query).map(({ term, weight }) => `${term} ${signed(weight)}`);
    return [`difficulty ${difficulty(features).toFixed(1)}${terms.length === 0 ? '' : `: ${terms.join(', ')}`}`];
  },
};
