import { isArtifactPath } from '../config/references.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { complexity } from './complexity.ts';
import { prior } from './prior.ts';
import type { Router } from './router.ts';

/** One line per router. */
export const ROUTERS: readonly Router[] = [prior, complexity];

/** The best router that ships, until one that has learnt beats the controls. */
const LEARNED = prior;

/** Every name that `routing.router` takes. */
export const ROUTER_NAMES: readonly string[] = ['learned', ...ROUTERS.map(({ name }) => name)];

/** Why a setting names no router, and what to write instead. */
function unknownRouter(name: string): string {
  return `unknown router "${name.slice(0, 80)}"; known are ${ROUTER_NAMES.join(', ')}, or the path of an artifact. A router that learns must be trained: signalbox train --data <file> --router <name> --out router.safetensors, and give that path`;
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
export function routerChecks({ routing, roles }: Pick<Config, 'routing' | 'roles'>): ConfigProblem[] {
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
