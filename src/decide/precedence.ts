import type { Catalog } from '../catalog/catalog.ts';
import type { Model, Upstream } from '../catalog/model.ts';
import { nearestNames } from '../catalog/nearest.ts';
import type { Config, RoleConfig, RoutingConfig } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { Strategy } from './decision.ts';
import { parseStrategy, strategyOf } from './strategy.ts';

/** What a caller said about routing, before anything is looked up. */
export interface Wishes {
  /** The body's `model`. */
  readonly model: string;
  readonly pathRole?: string | undefined;
  readonly headerRole?: string | undefined;
  readonly strategy?: string | undefined;
  /** Names that nothing matches are routed, whatever `unknownModel` says. */
  readonly routeUnknown?: boolean;
  /** Only the named model may answer: vector spaces must not mix. */
  readonly sameModel?: boolean;
  /** Little hangs on the answer: a routed request is for the cheapest that will do. */
  readonly minor?: boolean;
  /** Limits of the caller's key: model names and role names. */
  readonly keyModels?: readonly string[] | undefined;
  readonly keyRoles?: readonly string[] | undefined;
}

/** What applies to one request once precedence is settled. */
export interface Plan {
  readonly role?: string | undefined;
  readonly routing: RoutingConfig;
  /** The default model's id: baseline of savings, and the choice of `static` and `off`. */
  readonly default: string;
  readonly strategy: Strategy;
  /** The model (and perhaps the very upstream) that the caller named. */
  readonly explicit?: { readonly model: Model; readonly upstream?: Upstream } | undefined;
  readonly roleModels?: ReadonlySet<string> | undefined;
  readonly keyModels?: ReadonlySet<string> | undefined;
  /** Model ids of the fallbacks that are written down, in order; left out = none written. */
  readonly fallbacks?: readonly string[] | undefined;
  readonly warnings: readonly string[];
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name).trim().toLowerCase();
  } catch {
    return name.trim().toLowerCase();
  }
}

/** Whether a key allows a role; one without a list allows all. */
function allowsRole(role: string, keyRoles: readonly string[] | undefined): boolean {
  return keyRoles?.some((name) => name.toLowerCase() === role.toLowerCase()) ?? true;
}

/** The role of a name; a key is told of those only that it allows. */
function findRole(roles: Config['roles'], name: string, keyRoles: readonly string[] | undefined): [string, RoleConfig] {
  const wanted = decodeName(name);
  const found = Object.entries(roles).find(([key]) => key.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const known = Object.keys(roles).filter((role) => allowsRole(role, keyRoles));
  const nearest = nearestNames(wanted, known);
  const advice =
    nearest.length > 0
      ? `the nearest names are ${nearest.join(', ')}`
      : known.length > 0
        ? `configured are ${known.join(', ')}`
        : 'no roles are configured';
  throw new SignalboxError('role_not_found', `no role is called "${name.slice(0, 80)}"; ${advice}`);
}

/** The ids that a list of names, aliases or `provider/name` means; what names nothing is left out. */
function idsOf(catalog: Catalog, names: readonly string[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const name of names) {
    const found = catalog.resolve(name);
    if (found.kind === 'model' || found.kind === 'upstream') ids.add(found.model.id);
  }
  return ids;
}

/** The best model by measurement for a setting of `routing.router`, where an artifact has one. */
export type MeasuredBest = (router: string) => string | undefined;

/** The configured default, else the model of the highest declared quality, else the best measured one, else the first. */
export function defaultModel(routing: RoutingConfig, catalog: Catalog, measuredBest: MeasuredBest): string {
  if (routing.default !== undefined) {
    const found = catalog.resolve(routing.default);
    if (found.kind === 'model' || found.kind === 'upstream') return found.model.id;
  }
  const best = catalog.models.reduce<Model | undefined>(
    (best, model) => ((model.quality ?? -1) > (best?.quality ?? -1) ? model : best),
    undefined,
  );
  return best?.id ?? measuredBest(routing.router) ?? catalog.models[0]?.id ?? '';
}

function overlay(routing: RoutingConfig, role: RoleConfig | undefined): RoutingConfig {
  if (role === undefined) return routing;
  const own = {
    ...(role.mode === undefined ? {} : { mode: role.mode }),
    ...(role.router === undefined ? {} : { router: role.router }),
    ...(role.strategy === undefined ? {} : { strategy: role.strategy }),
    ...(role.default === undefined ? {} : { default: role.default }),
    ...(role.fallbacks === undefined ? {} : { fallbacks: role.fallbacks }),
    ...(role.unknownModel === undefined ? {} : { unknownModel: role.unknownModel }),
    ...(role.expose === undefined ? {} : { expose: role.expose }),
    ...(role.embedder === undefined ? {} : { embedder: role.embedder }),
    ...(role.cache === undefined ? {} : { cache: role.cache }),
  };
  return { ...routing, ...own };
}

function chooseRole(config: Pick<Config, 'roles'>, wishes: Wishes, modelRole: string | undefined) {
  const name = wishes.pathRole ?? wishes.headerRole ?? modelRole ?? wishes.keyRoles?.[0];
  if (name === undefined) return undefined;
  const { keyRoles } = wishes;
  const found = findRole(config.roles, name, keyRoles);
  if (allowsRole(found[0], keyRoles)) return found;
  throw new SignalboxError(
    'forbidden',
    `this key does not allow role "${found[0]}": it allows ${keyRoles?.join(', ')}`,
  );
}

function unknownModel(name: string, nearest: readonly string[]): SignalboxError {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  const advice = nearest.length > 0 ? `; the nearest names are ${nearest.join(', ')}` : '';
  return new SignalboxError('model_not_found', `no model is called "${shown}"${advice}; "auto" lets Signalbox choose`, {
    param: 'model',
  });
}

function nameNeeded(name: string, { models }: Catalog, keyModels: ReadonlySet<string> | undefined): SignalboxError {
  const own = models.map(({ id }) => id).filter((id) => keyModels?.has(id) ?? true);
  return new SignalboxError(
    'invalid_request',
    `model: "${name.slice(0, 80)}" is routed, and embeddings are never: vectors of two models do not mix. Name one of ${own.join(', ')}`,
    { param: 'model' },
  );
}

/** Whoever makes a name up spends the operator's money: what it costs must be known, or not matter. */
function checkPrice(config: Pick<Config, 'providers'>, catalog: Catalog, { id }: Model, upstream: Upstream): void {
  if (upstream.price !== null || catalog.byId.has(id)) return;
  const { provider, name } = upstream;
  if (config.providers[provider]?.allowUnpriced === true) return;
  throw new SignalboxError(
    'price_unknown',
    `nobody knows what "${provider}/${name.slice(0, 80)}" costs, so it is not called: add it to models with its price, or set providers.${provider}.allowUnpriced: true`,
    { param: 'model' },
  );
}

/**
 * Settles what applies: key's limits > path role > header role > `role/<name>` as model; then explicit model >
 * strategy header > `auto:` suffix > role > `routing`.
 */
export function createPrecedence(
  config: Pick<Config, 'providers' | 'roles' | 'routing'>,
  catalog: Catalog,
  measuredBest: MeasuredBest,
): (wishes: Wishes) => Plan {
  const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
  const setOf = (names: readonly string[]): ReadonlySet<string> => {
    const ids = sets.get(names) ?? idsOf(catalog, names);
    sets.set(names, ids);
    return ids;
  };
  const defaults = new Map<RoutingConfig, string>();
  const defaultOf = (routing: RoutingConfig): string => {
    const known = defaults.get(routing) ?? defaultModel(routing, catalog, measuredBest);
    defaults.set(routing, known);
    return known;
  };
  const effective = new Map<string, RoutingConfig>();
  const routingOf = (name: string | undefined, role: RoleConfig | undefined): RoutingConfig => {
    const key = name ?? '';
    const known = effective.get(key) ?? overlay(config.routing, role);
    effective.set(key, known);
    return known;
  };

  /** The names, ids and aliases and roles, that a key may be told. */
  const shownTo = ({ keyRoles }: Wishes, keyModels: ReadonlySet<string> | undefined, names: readonly string[]) =>
    names.filter((name) => {
      const found = catalog.resolve(name);
      if (found.kind === 'role') return allowsRole(found.role, keyRoles);
      return keyModels === undefined || !('model' in found) || keyModels.has(found.model.id);
    });

  return (wishes) => {
    const resolution = catalog.resolve(wishes.model);
    const [roleName, role] = chooseRole(config, wishes, resolution.kind === 'role' ? resolution.role : undefined) ?? [];
    const routing = routingOf(roleName, role);
    const roleModels = role?.models === undefined ? undefined : setOf(role.models);
    const keyModels = wishes.keyModels === undefined ? undefined : setOf(wishes.keyModels);
    const warnings: string[] = [];

    if (resolution.kind === 'unknown') {
      if (routing.unknownModel === 'reject' && wishes.routeUnknown !== true)
        throw unknownModel(wishes.model, shownTo(wishes, keyModels, resolution.nearest));
      warnings.push('unknown-model-routed');
    }
    const explicit =
      resolution.kind === 'model'
        ? { model: resolution.model }
        : resolution.kind === 'upstream'
          ? { model: resolution.model, upstream: resolution.upstream }
          : undefined;
    if (explicit !== undefined) {
      const { id } = explicit.model;
      if (keyModels !== undefined && !keyModels.has(id))
        throw new SignalboxError('forbidden', `this key does not allow model "${id}"`, { param: 'model' });
      if (roleModels !== undefined && !roleModels.has(id))
        throw new SignalboxError('forbidden', `role "${roleName}" does not allow model "${id}"`, { param: 'model' });
      if (resolution.kind === 'upstream') checkPrice(config, catalog, explicit.model, resolution.upstream);
    }
    if (wishes.sameModel === true && explicit === undefined) throw nameNeeded(wishes.model, catalog, keyModels);
    const suffix = resolution.kind === 'auto' ? resolution.strategy : undefined;
    const asked = wishes.strategy ?? suffix ?? (wishes.minor === true ? 'cost-first' : undefined);
    const strategy = asked === undefined ? strategyOf(routing.strategy) : parseStrategy(asked);
    return {
      role: roleName,
      routing,
      default: defaultOf(routing),
      strategy,
      explicit,
      roleModels,
      keyModels,
      fallbacks:
        wishes.sameModel === true ? [] : routing.fallbacks === undefined ? undefined : [...setOf(routing.fallbacks)],
      warnings,
    };
  };
}
