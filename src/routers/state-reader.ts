import { SignalboxError } from '../errors.ts';
import type { Json, RouterState, Tensor } from './trained.ts';

function refuse(state: RouterState, what: string): never {
  throw new SignalboxError('artifact_invalid', `the ${state.router.slice(0, 40)} router's ${what}`);
}

/**
 * Reads a saved router, naming what is missing or has the wrong shape.
 * @throws `artifact_invalid`
 */
export function readState(state: RouterState, router: string) {
  if (state.router !== router) refuse(state, `state is not one of ${router}`);
  const checked = <T extends Tensor>(name: string, tensor: T | undefined, length: number | undefined): T => {
    if (tensor === undefined) return refuse(state, `tensor "${name}" is missing or of another type`);
    if (length !== undefined && tensor.length !== length) {
      return refuse(state, `tensor "${name}" holds ${tensor.length} numbers instead of ${length}`);
    }
    return tensor;
  };
  const raw = (name: string): Tensor | undefined => state.tensors[name];
  const meta = (name: string): Json | undefined => state.meta[name];
  return {
    float64(name: string, length?: number): Float64Array {
      const tensor = raw(name);
      return checked(name, tensor instanceof Float64Array ? tensor : undefined, length);
    },
    float32(name: string, length?: number): Float32Array {
      const tensor = raw(name);
      return checked(name, tensor instanceof Float32Array ? tensor : undefined, length);
    },
    int32(name: string, length?: number): Int32Array {
      const tensor = raw(name);
      return checked(name, tensor instanceof Int32Array ? tensor : undefined, length);
    },
    object(name: string): { readonly [name: string]: Json } {
      const value = meta(name);
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value))
        : refuse(state, `"${name}" is not an object`);
    },
    child(name: string): RouterState {
      return state.children?.[name] ?? refuse(state, `child "${name}" is missing`);
    },
    refuse: (what: string): never => refuse(state, what),
    number(name: string): number {
      const value = meta(name);
      return typeof value === 'number' ? value : refuse(state, `"${name}" is not a number`);
    },
    text(name: string): string {
      const value = meta(name);
      return typeof value === 'string' ? value : refuse(state, `"${name}" is not a text`);
    },
    numbers(name: string): readonly number[] {
      const value = meta(name);
      if (!Array.isArray(value)) return refuse(state, `"${name}" is not a list`);
      return value.map((item: unknown) =>
        typeof item === 'number' ? item : refuse(state, `"${name}" is not a list of numbers`),
      );
    },
    names(name: string): readonly string[] {
      const value = meta(name);
      if (!Array.isArray(value)) return refuse(state, `"${name}" is not a list`);
      return value.map((item: unknown) =>
        typeof item === 'string' ? item : refuse(state, `"${name}" is not a list of texts`),
      );
    },
  };
}
