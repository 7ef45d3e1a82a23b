import { describe, expect, it } from 'vitest';
import { configFromObject } from './load.ts';

const EMBEDDER = { kind: 'ollama', model: 'e' };
const FILE = './r.safetensors';

function warningsOf(routing: object, roles: object = {}): string[] {
  const source = { providers: { p: { kind: 'openai' } }, models: [{ id: 'm', provider: 'p' }], routing, roles };
  return configFromObject(source, { env: {}, checks: [] }).warnings.map(({ message }) => message);
}

describe('an embedder', () => {
  it('is reported where only routers without vectors decide', () => {
    expect(warningsOf({ router: 'prior', embedder: EMBEDDER })).toEqual([
      'config routing.embedder: router prior reads no vectors, so this embedder is not asked; signalbox train --embedder makes routers that do',
    ]);
    expect(warningsOf({ router: FILE }, { r: { router: 'prior', embedder: EMBEDDER } })).toEqual([
      expect.stringContaining('config roles.r.embedder: router prior reads no vectors'),
    ]);
  });

  it('is not where an artifact decides, be it a role’s: what that needs is not known here', () => {
    expect(warningsOf({ router: FILE, embedder: EMBEDDER })).toEqual([]);
    expect(warningsOf({ router: 'prior', embedder: EMBEDDER }, { r: { router: FILE } })).toEqual([]);
    expect(warningsOf({ router: FILE }, { r: { embedder: EMBEDDER } })).toEqual([]);
    // The role has an embedder of its own: nothing is left that reads the other.
    const own = warningsOf({ router: 'prior', embedder: EMBEDDER }, { r: { router: FILE, embedder: EMBEDDER } });
    expect(own).toEqual([expect.stringContaining('routing.embedder: router prior')]);
  });

  it('is not when it gives no vectors', () => {
    expect(warningsOf({ embedder: { kind: 'hashed' } })).toEqual([]);
  });
});
