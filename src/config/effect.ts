import type { Config } from './schema.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';

/** Whether a value was written, rather than filled in. */
function isWritten(input: unknown, path: ConfigPath): boolean {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = new Map<string | number, unknown>(Object.entries(value)).get(String(part));
  }
  return value !== undefined && value !== null;
}

/** Keys that are understood and checked, but that this version does not act on. */
export function notYetInEffect(config: Config, input: unknown): ConfigProblem[] {
  const notes: ConfigProblem[] = [];
  const note = (path: ConfigPath, what: string) => {
    if (isWritten(input, path)) notes.push({ path, message: `${what} (not yet in effect)` });
  };
  if (config.server.workers > 1) note(['server', 'workers'], 'one process serves');
  note(['storage', 'redis'], 'state stays in this process');
  if (config.storage.prompts !== 'none') note(['storage', 'prompts'], 'no prompts and no features are stored');
  note(['retries', 'max'], 'a failed call moves to the next upstream or model at once');
  note(['retries', 'wait'], 'a failed call moves to the next upstream or model at once');
  note(['routing', 'embedder'], 'no router reads vectors');
  for (const [name, provider] of Object.entries(config.providers)) {
    const path = ['providers', name];
    if (provider.concurrency !== undefined) note([...path, 'concurrency'], 'calls are not limited');
    if (Array.isArray(provider.apiKey) && provider.apiKey.length > 1) {
      note([...path, 'apiKey'], 'only the first key of the pool is used');
    }
    if (['anthropic', 'ai-sdk'].includes(provider.kind)) {
      note(
        [...path, 'kind'],
        `calls to kind ${provider.kind} fail; an OpenAI-compatible endpoint works as kind openai`,
      );
    }
  }
  for (const path of [['routing'], ...Object.keys(config.roles).map((name) => ['roles', name])]) {
    note([...path, 'strategy', 'keepQuality', 'confidence'], 'predicted qualities are compared at their means');
  }
  for (const [name, role] of Object.entries(config.roles)) {
    if (role.budget !== undefined) note(['roles', name, 'budget'], 'nothing is limited by it');
    if (role.embedder !== undefined) note(['roles', name, 'embedder'], 'no router reads vectors');
    if (role.taxonomy !== undefined) note(['roles', name, 'taxonomy'], 'it is not read');
  }
  return notes;
}
