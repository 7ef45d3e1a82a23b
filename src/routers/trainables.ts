import { blend } from './blend.ts';
import { category } from './category.ts';
import { elo } from './elo.ts';
import { hybrid } from './hybrid.ts';
import { irt } from './irt.ts';
import { kmeans } from './kmeans.ts';
import { knn } from './knn.ts';
import { learned } from './learned.ts';
import { logistic } from './logistic.ts';
import { mf } from './mf.ts';
import { mlp } from './mlp.ts';
import { ridge } from './ridge.ts';
import { similarityElo } from './similarity-elo.ts';
import { svmRbf } from './svm-rbf.ts';
import { svm } from './svm.ts';
import type { Trainable } from './trained.ts';
import { vectors } from './vectors.ts';

/** One line per router that learns. Loaded when one is needed: a gateway without an artifact starts without them. */
export const TRAINABLES: readonly Trainable[] = [
  learned,
  blend,
  ridge,
  knn,
  kmeans,
  category,
  logistic,
  svm,
  svmRbf,
  mlp,
  irt,
  mf,
  elo,
  similarityElo,
  hybrid,
  vectors,
];
