import { LRUCache } from 'lru-cache';
import type { Resolution } from './catalog.ts';
import type { Model, Price, Upstream } from './model.ts';
import { nearestNames } from './nearest.ts';
import { wildcard, type Wildcard } from './wildcard.ts';

/** No real name is longer; a longer one is unknown without being looked at. */
const LONGEST_NAME = 256;
/** The same before percent-decoding, which makes three characters of one. */
const LONGEST_RAW = LONGEST_NAME * 3;
/** Answers kept: far more than any client's list of names. */
const REMEMBERED = 2000;

/** What `auto:<suffix>` means as a strategy. */
const SUFFIXES: Readonly<Record<string, string>> = {
  cost: 'cost-first',
  'cost-first': 'cost-first',
  balanced: 'balanced',
  quality: 'quality-first',
  'quality-first': 'quality-first',
};

/** Names that are routed, in the order in which they are listed. */
export const AUTO_NAMES = ['auto', 'auto:cost', 'auto:balanced', 'auto:quality', 'claude-auto'] as const;

/** What names are resolved against. */
export interface Names {
  readonly models: readonly Model[];
  /** Keys of `providers`. */
  readonly providers: readonly string[];
  readonly roles: readonly string[];
  /** The published price of a model that is called without being configured. */
  readonly price: (provider: string, name: string) => Price | null;
}

interface Index {
  /** Ids and aliases without wildcards, in lower case. */
  readonly exact: ReadonlyMap<string, Model>;
  /** Most specific first. */
  readonly patterns: readonly { readonly pattern: Wildcard; readonly model: Model }[];
  /** `provider/name` in lower case. */
  readonly upstreams: ReadonlyMap<string, { readonly model: Model; readonly upstream: Upstream }>;
  /** Configured providers in lower case with their key, longest first. */
  readonly providers: readonly (readonly [string, string])[];
}

function indexOf({ models, providers }: Names): Index {
  const exact = new Map<string, Model>();
  const add = (name: string, model: Model) => {
    const key = name.toLowerCase();
    if (!exact.has(key)) exact.set(key, model);
  };
  for (const model of models) add(model.id, model);
  const patterns: Index['patterns'][number][] = [];
  const upstreams = new Map<string, { model: Model; upstream: Upstream }>();
  for (const model of models) {
    for (const alias of model.aliases) {
      if (alias.includes('*')) patterns.push({ pattern: wildcard(alias.toLowerCase()), model });
      else add(alias, model);
    }
    for (const upstream of model.upstreams) {
      const key = upstream.id.toLowerCase();
      if (!upstreams.has(key)) upstreams.set(key, { model, upstream });
    }
  }
  return {
    exact,
    patterns: patterns.sort((a, b) => b.pattern.literal - a.pattern.literal),
    upstreams,
    providers: providers
      .map((provider) => [provider.toLowerCase(), provider] as const)
      .sort(([a], [b]) => b.length - a.length),
  };
}

function decoded(raw: string): string {
  if (!raw.includes('%')) return raw.trim();
  try {
    return decodeURIComponent(raw).trim();
  } catch {
    return raw.trim();
  }
}

/** `auto`, its suffixes and `role/<name>`. */
function virtual(name: string, lower: string): Resolution | undefined {
  if (lower === '' || lower === 'auto' || lower === 'claude-auto') return { kind: 'auto' };
  if (lower.startsWith('auto:')) {
    const suffix = lower.slice('auto:'.length);
    const strategy = Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix] : undefined;
    return strategy === undefined ? undefined : { kind: 'auto', strategy };
  }
  if (lower.startsWith('role/') && lower.length > 'role/'.length) {
    return { kind: 'role', role: name.slice('role/'.length) };
  }
  return undefined;
}

/** The name without what some clients put before it: `ns::` and `ollama/`. */
function stripped(name: string): string {
  const namespace = name.lastIndexOf('::');
  const bare = namespace === -1 ? name : name.slice(namespace + 2);
  return /^ollama\//i.test(bare) ? bare.slice('ollama/'.length) : bare;
}

/** Provider and name, when the left part is a configured provider. */
function split(name: string, lower: string, index: Index): readonly [string, string] | undefined {
  for (const [prefix, provider] of index.providers) {
    const separator = lower[prefix.length];
    const rest = name.slice(prefix.length + 1);
    const separates = separator === '/' || separator === ',' || (separator === ':' && !rest.startsWith(':'));
    if (separates && rest !== '' && lower.startsWith(prefix)) return [provider, rest];
  }
  return undefined;
}

/** A model for a name that no configured model covers; what it can do is unknown. */
function adHoc(provider: string, name: string, price: Price | null): Resolution {
  const upstream: Upstream = { id: `${provider}/${name}`, provider, name, price };
  const model: Model = {
    // Roles and keys compare ids, and names ignore case; the upstream keeps the case that its provider may want.
    id: `${provider}/${name.toLowerCase()}`,
    aliases: [],
    capabilities: new Set(),
    capabilitiesKnown: false,
    upstreams: [upstream],
  };
  return { kind: 'upstream', model, upstream };
}

/**
 * The meaning of every name a caller may send. Case does not matter and percent-encoding is undone. In this order:
 * virtual names; an id; an alias; the most literal wildcard alias; `provider/name` (or `:` or `,`) of a configured
 * upstream; the same without a `ns::` or `ollama/` prefix; any other name of a configured provider. Linear in the name, which
 * may be hostile, and never throws.
 */
export function createResolver(names: Names): (name: string) => Resolution {
  const index = indexOf(names);
  const known = knownNames(names);
  const remembered = new LRUCache<string, Resolution>({ max: REMEMBERED });

  const configured = (name: string): Resolution | undefined => {
    const lower = name.toLowerCase();
    const model = index.exact.get(lower) ?? index.patterns.find(({ pattern }) => pattern.matches(lower))?.model;
    if (model !== undefined) return { kind: 'model', model };
    const parts = split(name, lower, index);
    const found = parts === undefined ? undefined : index.upstreams.get(parts.join('/').toLowerCase());
    return found === undefined ? undefined : { kind: 'upstream', ...found };
  };
  const called = (name: string): Resolution | undefined => {
    const parts = split(name, name.toLowerCase(), index);
    return parts === undefined ? undefined : adHoc(parts[0], parts[1], names.price(parts[0], parts[1]));
  };
  const look = (raw: string): Resolution => {
    const name = decoded(raw);
    if (name.length > LONGEST_NAME) return { kind: 'unknown', nearest: [] };
    const bare = stripped(name);
    return (
      virtual(name, name.toLowerCase()) ??
      configured(name) ??
      (bare === name ? undefined : (virtual(bare, bare.toLowerCase()) ?? configured(bare))) ??
      called(name) ??
      (bare === name ? undefined : called(bare)) ?? { kind: 'unknown', nearest: nearestNames(name, known) }
    );
  };

  return (raw) => {
    if (raw.length > LONGEST_RAW) return { kind: 'unknown', nearest: [] };
    const last = remembered.get(raw);
    if (last !== undefined) return last;
    const resolution = look(raw);
    remembered.set(raw, resolution);
    return resolution;
  };
}

/** Every name worth suggesting. */
function knownNames({ models, roles }: Names): readonly string[] {
  const written = models.flatMap((model) => [model.id, ...model.aliases.filter((alias) => !alias.includes('*'))]);
  return [...new Set([...written, ...AUTO_NAMES, ...roles.map((role) => `role/${role}`)])];
}
