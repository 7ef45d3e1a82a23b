import { SignalboxError } from '../errors.ts';
import { STORE_KINDS } from './registry.ts';
import type { OpenStoreOptions, StoreKind } from './store-kind.ts';
import type { Store } from './store.ts';

function kindOf(url: string): StoreKind | undefined {
  return STORE_KINDS.find((kind) => kind.takes(url));
}

/** A `storage.url` as logs and messages may tell it: without passwords. */
export function shownUrl(url: string): string {
  return kindOf(url)?.shown(url) ?? url.replace(/\/\/[^@/]*@/, '//…@');
}

/**
 * Opens the store that `storage.url` names and brings it to this version's schema.
 * @throws `storage_unavailable` or `config_invalid` with what is wrong and what to do.
 */
export async function openStore(url: string, options: OpenStoreOptions): Promise<Store> {
  const kind = kindOf(url);
  if (kind !== undefined) return kind.open(url, options);
  const forms = STORE_KINDS.map(({ form }) => form).join(', ');
  throw new SignalboxError('config_invalid', `storage.url "${shownUrl(url)}" is none of ${forms}`);
}
