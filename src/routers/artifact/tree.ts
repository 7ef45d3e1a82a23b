import type { Json, RouterState, Tensor } from '../trained.ts';
import { DAMAGED, invalidArtifact } from './invalid.ts';
import type { TensorEntry } from './safetensors.ts';

/** Routers made of routers made of … */
const MAX_DEPTH = 8;

function checkName(name: string, path: string): string {
  if (name === '' || name.includes('/') || name === '__proto__') {
    throw invalidArtifact(`"${name}" cannot name a part of ${path}`, 'choose a name without a slash');
  }
  return name;
}

/** What a state is beside its arrays, as JSON. */
export function skeletonOf(state: RouterState, depth = 0): Json {
  if (depth > MAX_DEPTH) throw invalidArtifact(`routers are nested more than ${MAX_DEPTH} deep`);
  const { router, meta, children } = state;
  if (children === undefined) return { router, meta };
  return {
    router,
    meta,
    children: Object.fromEntries(
      Object.entries(children).map(([name, child]) => [checkName(name, router), skeletonOf(child, depth + 1)]),
    ),
  };
}

/** Every array of a state by its path: `weights`, `child/weights`, `child/grandchild/weights`. */
export function flatten(path: string, state: RouterState): [name: string, tensor: Tensor][] {
  return [
    ...Object.entries(state.tensors).map(([name, tensor]): [string, Tensor] => [
      `${path}/${checkName(name, path)}`,
      tensor,
    ]),
    ...Object.entries(state.children ?? {}).flatMap(([name, child]) => flatten(`${path}/${name}`, child)),
  ];
}

function isObject(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The arrays of a file by the folder they stand in. */
export type Folders = Map<string, [name: string, tensor: Tensor][]>;

/** Reads every array and sorts them by folder. */
export function foldersOf(tensors: ReadonlyMap<string, TensorEntry>): Folders {
  const folders: Folders = new Map();
  for (const [path, entry] of tensors) {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(0, slash));
    const held = folders.get(folder) ?? [];
    held.push([checkName(path.slice(slash + 1), folder), entry.read()]);
    folders.set(folder, held);
  }
  return folders;
}

/** The state that {@link skeletonOf} and {@link flatten} took apart. Its folders are taken out of `folders`. */
export function assemble(path: string, skeleton: unknown, folders: Folders, depth = 0): RouterState {
  const bad = (what: string) => invalidArtifact(`${path.slice(0, 200)}: ${what}`, DAMAGED);
  if (depth > MAX_DEPTH) throw bad(`nested more than ${MAX_DEPTH} deep`);
  if (!isObject(skeleton)) throw bad('is not an object');
  const { router, meta, children } = skeleton;
  if (typeof router !== 'string' || router === '') throw bad('has no router');
  if (!isObject(meta)) throw bad('has no meta');
  if (children !== undefined && !isObject(children)) throw bad('has children that are not an object');
  const state = { router, meta, tensors: Object.fromEntries(folders.get(path) ?? []) };
  folders.delete(path);
  if (children === undefined) return state;
  const made = Object.entries(children).map(([name, child]): [string, RouterState] => [
    checkName(name, path),
    assemble(`${path}/${name}`, child, folders, depth + 1),
  ]);
  return { ...state, children: Object.fromEntries(made) };
}
