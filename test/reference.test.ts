import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { referenceFiles } from '../scripts/reference.ts';
import { configRows } from '../src/config/reference.ts';
import { ERRORS } from '../src/errors.ts';
import { PROVIDER_KINDS } from '../src/providers/registry.ts';
import { VERSION } from '../src/version.ts';

describe('docs/reference', () => {
  it('is what the sources say: run `npm run docs` when this fails', async () => {
    for (const [name, text] of Object.entries(await referenceFiles())) {
      const file = await readFile(new URL(`../docs/reference/${name}`, import.meta.url), 'utf8');
      expect(file, name).toBe(text);
    }
  });

  it('explains every key of the configuration', () => {
    expect(
      configRows(PROVIDER_KINDS)
        .filter((row) => row.about === '')
        .map((row) => row.path),
    ).toEqual([]);
  });
});

describe('the error table', () => {
  it('has no code that nothing throws', async () => {
    const src = new URL('../src/', import.meta.url);
    const names = (await readdir(src, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'errors.ts',
    );
    const sources = (await Promise.all(names.map((name) => readFile(new URL(name, src), 'utf8')))).join('');
    const thrown = new Set([...sources.matchAll(/new SignalboxError\(\s*'(\w+)'/g)].map(([, code]) => code));
    expect(Object.keys(ERRORS).filter((code) => !thrown.has(code))).toEqual([]);
  });
});

describe('version', () => {
  it('is the package’s', async () => {
    const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ version: VERSION });
  });
});
