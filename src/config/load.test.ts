import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asSignalboxError } from '../errors.ts';
import { configFromObject, findConfig, loadConfig, type LoadedConfig } from './load.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-config-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const GOOD = `providers:
  p: { kind: openai, apiKey: "\${KEY:-none}" }
models:
  - { id: a, provider: p, price: { input: 1, output: 2 } }
  - { id: b, provider: p, aliases: [bee] }
`;

async function load(text: string, env: Record<string, string> = {}, name = 'signalbox.yaml'): Promise<LoadedConfig> {
  await writeFile(join(folder, name), text);
  return loadConfig({ path: name, cwd: folder, env, checks: [] });
}

const problems = (text: string, env: Record<string, string> = {}) =>
  load(text, env).then(
    () => [],
    (error: unknown) => asSignalboxError(error).message.split('\n'),
  );

describe('a configuration file', () => {
  it('fills in defaults and reads durations and sizes', async () => {
    const { config, path, warnings } = await load(`${GOOD}timeouts: { idle: 1500ms }\nserver: { maxBody: 1MB }\n`);
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 3456, maxBody: 2 ** 20 });
    expect(config.timeouts).toMatchObject({ connect: 5000, idle: 1500 });
    expect(config.routing).toMatchObject({ strategy: 'balanced', router: 'learned' });
    expect(path).toBe(join(folder, 'signalbox.yaml'));
    expect(warnings).toEqual([]);
  });

  it('may be JSON', async () => {
    const text = JSON.stringify({ providers: { p: { kind: 'openai' } }, models: [{ id: 'a', provider: 'p' }] });
    expect((await load(text, {}, 'signalbox.json')).config.models).toHaveLength(1);
    expect(await findConfig(folder)).toBe(join(folder, 'signalbox.json'));
  });

  it('names every problem with line, column and path', async () => {
    const text = `server: { prot: 1 }
providers:
  p: { kind: openai }
models:
  - id: a
    provider: p
    price:
      input: -1
      output: cheap
timeouts: { idle: 5 }
`;
    expect(await problems(text)).toEqual([
      'signalbox.yaml:1:11 server.prot: unknown key; did you mean "port"?',
      'signalbox.yaml:8:14 models[0].price.input: expected a number ≥ 0',
      'signalbox.yaml:9:15 models[0].price.output: expected a number ≥ 0, not "cheap"',
      'signalbox.yaml:10:19 timeouts.idle: expected a number with a unit, such as 250ms, 5s, 10m, 1h or 90d, not 5',
    ]);
  });

  it('names what leads nowhere', async () => {
    const text = `${GOOD}routing: { default: c, fallbacks: [bee, A] }\nroles: { r: { models: [nope] } }\nauth: { keys: [{ name: k, key: sb-0123456789abcdef0123, roles: [x] }] }\n`;
    expect(await problems(text.replace('provider: p, aliases', 'provider: q, aliases'))).toEqual([
      expect.stringMatching(/^signalbox.yaml:5:\d+ models\[1\]\.provider: there is no provider "q"/),
      expect.stringMatching(/^signalbox.yaml:6:\d+ routing\.default: there is no model "c"/),
      expect.stringMatching(/^signalbox.yaml:7:\d+ roles\.r\.models\[0\]: there is no model "nope"/),
      expect.stringMatching(/^signalbox.yaml:8:\d+ auth\.keys\[0\]\.roles\[0\]: there is no role "x"/),
    ]);
  });

  it('names faults of the text itself', async () => {
    expect(await problems('models: [')).toEqual([expect.stringMatching(/^signalbox.yaml:\d+:\d+: /)]);
    expect(await problems(`${GOOD}models: []\n`)).toEqual([expect.stringMatching(/^signalbox.yaml:6:1: .*unique/)]);
    expect(await problems('')).toEqual(expect.arrayContaining([expect.stringContaining('models: is missing')]));
    expect(await problems('just text')).toHaveLength(1);
  });

  it('that is not there says so', async () => {
    await expect(loadConfig({ path: 'no.yaml', cwd: folder, env: {}, checks: [] })).rejects.toThrow(
      'no.yaml: there is no such file',
    );
  });

  it('does not print secrets that stand in a wrong place', async () => {
    const lines = await problems(GOOD.replace('"${KEY:-none}"', '{ secret: sk-live-123 }'));
    expect(lines.join('\n')).not.toContain('sk-live-123');
    expect(lines).toHaveLength(1);
  });

  it('knows the time zones of budgets, wherever they stand', async () => {
    const odd = '{ usd: 1, per: day, zone: Berlin }';
    const key = `{ name: ci, key: sb-0123456789-of-somebody, budget: ${odd} }`;
    const text = `${GOOD}roles: { r: { budget: ${odd} } }\nauth: { keys: [${key}] }\nbudgets: [${odd}]\n`;
    const message = await load(text).then(
      () => 'taken',
      (error: unknown) => String(error),
    );
    for (const place of ['roles.r.budget.zone', 'auth.keys[0].budget.zone', 'budgets[0].zone']) {
      expect(message).toContain(`${place}: there is no time zone "Berlin"`);
    }
  });

  it('reports keys that are not yet in effect', async () => {
    const { warnings } = await load(
      `${GOOD}roles: { r: { taxonomy: tax.yaml, strategy: { keepQuality: { of: a, at: 0.9, confidence: 0.9 } } } }\n`,
    );
    const text = warnings.map(({ message }) => message);
    expect(text).toHaveLength(2);
    for (const message of text) expect(message).toMatch(/^signalbox.yaml:\d+:\d+ .*not yet in effect/);
  });

  it('says of roles that they keep no more of prompts than the storage, and refuses to keep prompts alone', async () => {
    const roles = 'roles: { a: { prompts: none }, b: { prompts: full } }\n';
    const { warnings } = await load(`${GOOD}${roles}storage: { prompts: features, promptRetention: 1d }\n`);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^signalbox.yaml:\d+:\d+ roles.b.prompts: .* storage.prompts, which is features$/),
    ]);
    const [problem] = await problems(`${GOOD}storage: { retention: 1d, promptRetention: 25h }\n`);
    expect(problem).toMatch(/storage.promptRetention: prompts are not kept longer than their requests/);
  });

  it('has a version that changes with what it says and not with its secrets', async () => {
    const first = await load(GOOD, { KEY: 'one' });
    expect((await load(GOOD, { KEY: 'two' })).version).toBe(first.version);
    expect((await load(`${GOOD}routing: { strategy: cheapest }\n`)).version).not.toBe(first.version);
  });

  it('never fails other than by config_invalid, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const error = await load(text).catch((thrown: unknown) => asSignalboxError(thrown));
        expect('config' in error || error.code === 'config_invalid').toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the environment', () => {
  it.each(['p@ss #1', '!abc', '&abc def', '0123', '*abc', '1e5', '{x}', 'null'])(
    'changes no secret: %s',
    async (secret) => {
      const text = GOOD.replace('apiKey: "${KEY:-none}"', 'headers:\n      x: ${KEY}')
        .replace('{ kind: openai, headers', '\n    kind: openai\n    headers')
        .replace('${KEY} }', '${KEY}');
      expect((await load(text, { KEY: secret })).config.providers['p']?.headers).toEqual({ x: secret });
    },
  );

  it('is put in, typed where the text is plain', async () => {
    const { config } = await load(`${GOOD}server:\n  port: \${PORT}\n`, { PORT: '8080', KEY: 'sk' });
    expect(config.server.port).toBe(8080);
    expect(config.providers['p']?.apiKey).toBe('sk');
  });

  it('comes from .env too, and the real one wins', async () => {
    await writeFile(join(folder, '.env'), 'KEY=from-file\nOTHER=also\n');
    expect((await load(GOOD)).config.providers['p']?.apiKey).toBe('from-file');
    expect((await load(GOOD, { KEY: 'real' })).config.providers['p']?.apiKey).toBe('real');
  });

  it('that misses a variable is one problem, at its place', async () => {
    expect(await problems(GOOD.replace('${KEY:-none}', '${KEY}'))).toEqual([
      expect.stringMatching(/^signalbox.yaml:2:30 providers\.p\.apiKey: the environment variable KEY is not set/),
    ]);
  });

  it('is left alone after a doubled dollar', () => {
    const object = {
      providers: { p: { kind: 'openai', headers: { x: '$${KEY}' } } },
      models: [{ id: 'a', provider: 'p' }],
    };
    expect(configFromObject(object, { env: {}, checks: [] }).config.providers['p']?.headers).toEqual({ x: '${KEY}' });
  });
});
