import { nearestNames } from '../catalog/nearest.ts';
import type { Budget, Config, EmbedderConfig, KeyConfig } from './schema.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';

const RESERVED = /^(?:auto(?::.*)?|claude-auto|role\/.*)$/i;

function unknownName(what: string, name: string, known: readonly string[]): string {
  const [near] = nearestNames(name, known);
  return `there is no ${what} "${name}"${near === undefined ? `; there are ${known.join(', ') || 'none'}` : `; did you mean "${near}"?`}`;
}

function duplicates(config: Config): ConfigProblem[] {
  const seen = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const [i, model] of config.models.entries()) {
    const names: [ConfigPath, string][] = [
      [['models', i, 'id'], model.id],
      ...model.aliases.map((alias, j): [ConfigPath, string] => [['models', i, 'aliases', j], alias]),
    ];
    for (const [path, name] of names) {
      const other = seen.get(name.toLowerCase());
      if (RESERVED.test(name)) problems.push({ path, message: `"${name}" is a name that Signalbox itself answers to` });
      else if (other !== undefined)
        problems.push({ path, message: `"${name}" is the name of model "${other}" already` });
      else seen.set(name.toLowerCase(), model.id);
    }
  }
  const keys = new Set<string>();
  for (const [i, { name }] of config.auth.keys.entries()) {
    if (keys.has(name))
      problems.push({ path: ['auth', 'keys', i, 'name'], message: `"${name}" is another key's name` });
    keys.add(name);
  }
  return problems;
}

/** Every place of a config that names a model. */
function modelMentions(config: Config): [ConfigPath, string][] {
  const routing = (path: ConfigPath, part: Partial<Config['routing']>): [ConfigPath, string][] => {
    const { strategy } = part;
    const reference =
      typeof strategy === 'object' && 'keepQuality' in strategy && typeof strategy.keepQuality === 'object'
        ? strategy.keepQuality.of
        : undefined;
    return [
      ...(part.default === undefined ? [] : [[[...path, 'default'], part.default] as [ConfigPath, string]]),
      ...(part.fallbacks ?? []).map((name, i): [ConfigPath, string] => [[...path, 'fallbacks', i], name]),
      ...(reference === undefined
        ? []
        : [[[...path, 'strategy', 'keepQuality', 'of'], reference] as [ConfigPath, string]]),
    ];
  };
  const lists = (path: ConfigPath, names: readonly string[] | undefined): [ConfigPath, string][] =>
    (names ?? []).map((name, i) => [[...path, i], name]);
  return [
    ...routing(['routing'], config.routing),
    ...Object.entries(config.roles).flatMap(([role, setting]) => [
      ...routing(['roles', role], {
        ...(setting.default === undefined ? {} : { default: setting.default }),
        ...(setting.fallbacks === undefined ? {} : { fallbacks: setting.fallbacks }),
        ...(setting.strategy === undefined ? {} : { strategy: setting.strategy }),
      }),
      ...lists(['roles', role, 'models'], setting.models),
    ]),
  ];
}

/** Every embedder of a config and where it stands. */
export function embeddersOf({ routing, roles }: Pick<Config, 'routing' | 'roles'>): [ConfigPath, EmbedderConfig][] {
  const all: [ConfigPath, EmbedderConfig | undefined][] = [
    [['routing', 'embedder'], routing.embedder],
    ...Object.entries(roles).map(([role, { embedder }]): [ConfigPath, EmbedderConfig | undefined] => [
      ['roles', role, 'embedder'],
      embedder,
    ]),
  ];
  return all.flatMap(([path, embedder]) => (embedder === undefined ? [] : [[path, embedder]]));
}

/** Whether a router's setting is the path of an artifact rather than a name. */
export function isArtifactPath(setting: string): boolean {
  return /[/\\]|\.safetensors$/i.test(setting);
}

/** Every embedder of a config and the routers whose requests may get its vectors. */
export function embedderUses({ routing, roles }: Pick<Config, 'routing' | 'roles'>): {
  readonly path: ConfigPath;
  readonly embedder: EmbedderConfig;
  readonly routers: readonly string[];
}[] {
  const uses = [routing, ...Object.values(roles)].map((part) => ({
    embedder: part.embedder ?? routing.embedder,
    router: part.router ?? routing.router,
  }));
  return embeddersOf({ routing, roles }).map(([path, embedder]) => ({
    path,
    embedder,
    routers: [...new Set(uses.flatMap((use) => (use.embedder === embedder ? [use.router] : [])))],
  }));
}

function validZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function zoneProblems(path: ConfigPath, budget: Budget | undefined): ConfigProblem[] {
  if (budget === undefined || validZone(budget.zone)) return [];
  return [{ path: [...path, 'zone'], message: `there is no time zone "${budget.zone}"` }];
}

function knownModels({ models }: Pick<Config, 'models'>): ReadonlySet<string> {
  return new Set(models.flatMap(({ id, aliases }) => [id, ...aliases]).map((name) => name.toLowerCase()));
}

/** What a key names that is not there: models, roles, a time zone. */
export function keyProblems(
  config: Pick<Config, 'models' | 'roles'>,
  { models = [], roles = [], budget }: Pick<KeyConfig, 'models' | 'roles' | 'budget'>,
  path: ConfigPath = [],
): ConfigProblem[] {
  const ids = config.models.map(({ id }) => id);
  const known = knownModels(config);
  const there = Object.keys(config.roles);
  const isRole = (role: string) => there.some((name) => name.toLowerCase() === role.toLowerCase());
  return [
    ...models.flatMap((name, i) =>
      known.has(name.toLowerCase()) ? [] : [{ path: [...path, 'models', i], message: unknownName('model', name, ids) }],
    ),
    ...roles.flatMap((name, i) =>
      isRole(name) ? [] : [{ path: [...path, 'roles', i], message: unknownName('role', name, there) }],
    ),
    ...zoneProblems([...path, 'budget'], budget),
  ];
}

/** Names that lead nowhere, names given twice, time zones that are none: what a schema cannot see. */
export function checkReferences(config: Config): ConfigProblem[] {
  const problems = duplicates(config);
  const providers = Object.keys(config.providers);
  const models = config.models.map(({ id }) => id);
  const known = knownModels(config);
  for (const [i, model] of config.models.entries()) {
    const named: [ConfigPath, string][] =
      model.upstreams === undefined
        ? [[['models', i, 'provider'], model.provider ?? '']]
        : model.upstreams.map((upstream, j) => [['models', i, 'upstreams', j, 'provider'], upstream.provider]);
    for (const [path, name] of named) {
      if (!providers.includes(name)) problems.push({ path, message: unknownName('provider', name, providers) });
    }
  }
  for (const [path, { provider }] of embeddersOf(config)) {
    if (provider !== undefined && !providers.includes(provider)) {
      problems.push({ path: [...path, 'provider'], message: unknownName('provider', provider, providers) });
    }
  }
  for (const [path, name] of modelMentions(config)) {
    if (!known.has(name.toLowerCase())) problems.push({ path, message: unknownName('model', name, models) });
  }
  for (const [role, { budget }] of Object.entries(config.roles))
    problems.push(...zoneProblems(['roles', role, 'budget'], budget));
  for (const [i, budget] of config.budgets.entries()) problems.push(...zoneProblems(['budgets', i], budget));
  return [...problems, ...config.auth.keys.flatMap((key, i) => keyProblems(config, key, ['auth', 'keys', i]))];
}
