import type { ConfigProblem } from './problem.ts';
import { embedderUses, isArtifactPath } from './references.ts';
import type { Config } from './schema.ts';

/** What is said of an embedder whose routers read no vectors. */
export function unreadNote(routers: readonly string[]): string {
  return `${routers.join(', ')} reads no vectors, so this embedder is not asked; signalbox train --embedder makes routers that do`;
}

/** Embedders of which it is certain that nothing reads them: no artifact decides there. What an artifact needs is known when it is read. */
export function idleEmbedders(config: Pick<Config, 'routing' | 'roles'>): ConfigProblem[] {
  return embedderUses(config)
    .filter(({ embedder, routers }) => embedder.kind !== 'hashed' && !routers.some(isArtifactPath))
    .map(({ path, routers }) => ({ path, message: `router ${unreadNote(routers)}` }));
}
