import type { Model } from '../../catalog/model.ts';
import { sigmoid } from '../numeric/sigmoid.ts';
import type { Features } from '../router.ts';
import { inputRow } from '../sparse-inputs.ts';
import { movingTerms, tellTerms } from '../term-reasons.ts';
import { itemOf, type Learnt } from './learnt.ts';
import { logitOf, meanQuality, type Ability } from './population.ts';

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Form counts as a reason from here on, in logits. */
const FORM_MATTERS = 0.1;

/** How hard the query is among those that were learnt from, and what makes it so. */
export function explainDifficulty(learnt: Learnt, features: Features): string {
  const { reference, weights, inputs, formCentre, centre } = learnt;
  const r = centre.length;
  const { columns, values } = inputRow(inputs, features);
  const effects = new Map<number, number>();
  let form = -formCentre;
  for (let p = 0; p < columns.length; p++) {
    const column = columns[p] ?? 0;
    const effect = (values[p] ?? 0) * (weights[column * r] ?? 0);
    if (column < inputs.tfidf.size) effects.set(column, effect);
    else form += effect;
  }
  const difficulty = itemOf(learnt, features).items.rows[0] ?? 0;
  const known = reference.rows.length / r;
  let easier = 0;
  for (let i = 0; i < known; i++) if ((reference.rows[i * r] ?? 0) < difficulty) easier++;
  const terms = movingTerms(features.query.instruction, inputs.tfidf, (column) => effects.get(column) ?? 0);
  const reasons = [
    ...(terms.length === 0 ? [] : [tellTerms(terms)]),
    ...(Math.abs(form) < FORM_MATTERS ? [] : [`its form makes it ${form > 0 ? 'harder' : 'easier'}`]),
  ];
  const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
  return `difficulty ${difficulty.toFixed(2)}, harder than ${percent(known === 0 ? 0 : easier / known)} of the queries learnt from${why}`;
}

/** How good the model is in general, and how much better or worse at what this query asks. */
export function explainAbility(
  learnt: Learnt,
  features: Features,
  model: Model,
  ability: Ability,
  learntOf: boolean,
): string {
  const { items } = itemOf(learnt, features);
  const z = logitOf(items, 0, ability.mean);
  const plain = (ability.mean[0] ?? 0) - (items.rows[0] ?? 0);
  const special = (sigmoid(z) - sigmoid(plain)) * 100;
  const at =
    Math.abs(special) < 0.5
      ? 'nothing special at its kind'
      : `${Math.abs(special).toFixed(0)} points ${special > 0 ? 'better' : 'worse'} at its kind`;
  const better = learnt.abilities.filter(({ mean }) => (mean[0] ?? 0) > (ability.mean[0] ?? 0)).length;
  const general = learntOf
    ? `ability ${(ability.mean[0] ?? 0).toFixed(2)}, number ${better + 1} of ${learnt.abilities.length}, ${percent(meanQuality(learnt.reference, ability.mean))} on average`
    : `not learnt, abilities taken from models of its declared quality ${percent(model.quality ?? 0)}`;
  return `${model.id}: ${percent(sigmoid(z))}; ${general}, ${at}`;
}
