import type { RouterState } from './trained.ts';

/** A state as it comes back from a file: copies, JSON through text. */
export function asRouterState({ router, meta, tensors, children }: RouterState): RouterState {
  return {
    router,
    meta: JSON.parse(JSON.stringify(meta)),
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.slice()])),
    ...(children === undefined
      ? {}
      : {
          children: Object.fromEntries(Object.entries(children).map(([name, child]) => [name, asRouterState(child)])),
        }),
  };
}

/** A state as one flat record of comparable values: typed arrays by their bytes. */
export function flatState(state: RouterState, prefix = ''): Record<string, unknown> {
  const own: Record<string, unknown> = { [`${prefix}router`]: state.router, [`${prefix}meta`]: state.meta };
  for (const [name, { buffer, byteOffset, byteLength, constructor }] of Object.entries(state.tensors)) {
    own[`${prefix}${name}`] = `${constructor.name} ${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}`;
  }
  for (const [name, child] of Object.entries(state.children ?? {}))
    Object.assign(own, flatState(child, `${prefix}${name}/`));
  return own;
}
