import { TRAINABLES } from './trainables.ts';
import { trainedConformance } from './trained-conformance.ts';

for (const trainable of TRAINABLES) trainedConformance(trainable);
