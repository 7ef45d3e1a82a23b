import { unitVector } from '../query/embedder.ts';
import { learned } from './learned.ts';
import { gaussian, seededRandom } from './numeric/random.ts';
import { TRAINABLES } from './trainables.ts';
import { trainedConformance } from './trained-conformance.ts';
import { vectors } from './vectors.ts';

/** A direction per topic and a little of each letter: eight numbers of length one. */
function embed(text: string): Float32Array {
  const random = seededRandom(
    Array.from(text).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), text.length),
  );
  const noise = Array.from({ length: 8 }, () => 0.2 * gaussian(random));
  const topic = /equation|polynomial|matrix|integral|root|derivative|vector/.test(text) ? 1 : -1;
  return unitVector(noise.map((value, i) => value + (i === 3 ? topic : 0.5))) ?? new Float32Array(8);
}

for (const trainable of TRAINABLES) trainedConformance(trainable);
for (const trainable of [vectors, learned]) trainedConformance(trainable, embed);
