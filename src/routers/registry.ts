import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { blend } from './blend.ts';
import { category } from './category.ts';
import { complexity } from './complexity.ts';
import { elo } from './elo.ts';
import { hybrid } from './hybrid.ts';
import { irt } from './irt.ts';
import { kmeans } from './kmeans.ts';
import { knn } from './knn.ts';
import { learned } from './learned.ts';
import { logistic } from './logistic.ts';
import { mf } from './mf.ts';
import { mlp } from './mlp.ts';
import { prior } from './prior.ts';
import { ridge } from './ridge.ts';
import type { Router } from './router.ts';
import { similarityElo } from './similarity-elo.ts';
import { svmRbf } from './svm-rbf.ts';
import { svm } from './svm.ts';
import type { Trainable } from './trained.ts';

/** One line per router. */
export const ROUTERS: readonly Router[] = [prior, complexity];

/** One line per router that learns. */
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
];

/** The best router that ships, until one that has learnt beats the controls. */
const LEARNED = prior;

/** Every name that `routing.router` takes. */
export const ROUTER_NAMES: readonly string[] = ['learned', ...ROUTERS.map(({ name }) => name)];

/** Whether a setting is the path of an artifact rather than a router's name. */
export function isArtifactPath(setting: string): boolean {
  return /[/\\]|\.safetensors$/i.test(setting);
}

/** Why a setting names no router, and what to write instead. */
function unknownRouter(name: string): string {
  if (TRAINABLES.some((trainable) => trainable.name === name)) {
    return `${name} must be trained: signalbox train --data <file> --router ${name} --out ${name}.safetensors, and give that path`;
  }
  return `unknown router "${name.slice(0, 80)}"; known are ${ROUTER_NAMES.join(', ')}, or the path of an artifact`;
}

/**
 * The router of a name; `learned` is the best that ships. A path is not a name: its artifact is read elsewhere.
 * @throws `config_invalid` with the known names.
 */
export function routerOf(name: string): Router {
  const router = name === 'learned' ? LEARNED : ROUTERS.find((candidate) => candidate.name === name);
  if (router === undefined) {
    throw new SignalboxError('config_invalid', unknownRouter(name));
  }
  return router;
}

/** What a schema cannot know: which routers there are. */
export function routerChecks({
  routing,
  roles,
}: Pick<Config, 'routing' | 'roles'>): { path: (string | number)[]; message: string }[] {
  const named: [path: string[], name: string | undefined][] = [
    [['routing', 'router'], routing.router],
    ...Object.entries(roles).map(([role, { router }]): [string[], string | undefined] => [
      ['roles', role, 'router'],
      router,
    ]),
  ];
  return named.flatMap(([path, name]) =>
    name === undefined || ROUTER_NAMES.includes(name) || isArtifactPath(name)
      ? []
      : [{ path, message: unknownRouter(name) }],
  );
}
