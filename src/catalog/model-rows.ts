import type { Catalog } from './catalog.ts';
import type { Capability, Model, Price } from './model.ts';
import { AUTO_NAMES } from './resolve.ts';

/** List price in USD per million tokens (`request` in USD per request), and where it comes from. */
export interface Pricing extends Price {
  readonly unit: 'usd_per_million_tokens';
}

/** One row of `GET /v1/models`: OpenAI's fields and, where they are known, what a client wants to know beside them. */
export interface ModelRow {
  readonly id: string;
  readonly object: 'model';
  /** What pickers show; the id. */
  readonly display_name: string;
  /** Of a name that is routed. */
  readonly description?: string;
  /** Always 0: nobody knows when a model was made. */
  readonly created: 0;
  /** The provider of the first upstream, or `signalbox` for a name that is routed. */
  readonly owned_by: string;
  /** Tokens. */
  readonly context_length?: number;
  /** Tokens. */
  readonly max_output_tokens?: number;
  readonly capabilities?: readonly Capability[];
  /** Of the first upstream; null when unknown. */
  readonly pricing?: Pricing | null;
  readonly aliases?: readonly string[];
}

function rowOf(model: Model): ModelRow {
  const first = model.upstreams[0];
  return {
    id: model.id,
    object: 'model',
    display_name: model.id,
    created: 0,
    owned_by: first?.provider ?? 'signalbox',
    ...(model.contextWindow === undefined ? {} : { context_length: model.contextWindow }),
    ...(model.maxOutput === undefined ? {} : { max_output_tokens: model.maxOutput }),
    ...(model.capabilitiesKnown ? { capabilities: [...model.capabilities] } : {}),
    pricing: first === undefined || first.price === null ? null : { unit: 'usd_per_million_tokens', ...first.price },
    ...(model.aliases.length === 0 ? {} : { aliases: model.aliases }),
  };
}

/** Real models in the order of the configuration, then the names that are routed: `auto` and the roles. */
export function modelRows(catalog: Pick<Catalog, 'models'>, roles: readonly string[]): ModelRow[] {
  const routed = [...AUTO_NAMES, ...roles.map((role) => `role/${role}`)];
  return [
    ...catalog.models.map(rowOf),
    ...routed.map((id): ModelRow => ({
      id,
      object: 'model',
      display_name: id,
      description: 'Signalbox chooses the model of each request',
      created: 0,
      owned_by: 'signalbox',
    })),
  ];
}
