import type { Identity } from '../access/access.ts';
import type { Model } from '../catalog/model.ts';
import type { GatewayContext } from './context.ts';

/** What a caller may use, and is therefore shown. */
export interface Visible {
  readonly models: readonly Model[];
  /** Names of roles. */
  readonly roles: readonly string[];
}

/** The models and roles of the configuration that a key does not exclude. */
export function visibleTo({ engine }: GatewayContext, { models, roles }: Identity): Visible {
  const { catalog, config } = engine.snapshot();
  const named = models?.map((name) => catalog.resolve(name));
  const ids = named && new Set(named.flatMap((found) => ('model' in found ? [found.model.id] : [])));
  const wanted = roles && new Set(roles.map((role) => role.toLowerCase()));
  return {
    models: catalog.models.filter(({ id }) => ids?.has(id) ?? true),
    roles: Object.keys(config.roles).filter((role) => wanted?.has(role.toLowerCase()) ?? true),
  };
}
