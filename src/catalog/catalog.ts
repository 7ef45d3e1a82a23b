import type { Model, Upstream } from './model.ts';

/** What a caller's model name means. */
export type Resolution =
  | { readonly kind: 'auto'; readonly strategy?: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'model'; readonly model: Model }
  /**
   * `provider/name` of a configured provider: this upstream of a configured model and no other, or a model made up for
   * a name that no configured model covers.
   */
  | { readonly kind: 'upstream'; readonly model: Model; readonly upstream: Upstream }
  | { readonly kind: 'unknown'; readonly nearest: readonly string[] };

/** Every model that the config names, with prices and limits filled in, and the meaning of every name. */
export interface Catalog {
  /** Changes when any model, price or limit changes. */
  readonly version: string;
  readonly pricesVersion: string;
  readonly models: readonly Model[];
  readonly byId: ReadonlyMap<string, Model>;
  /** Never throws. Case does not matter; `''` and `auto` are `auto`. */
  resolve(name: string): Resolution;
}
