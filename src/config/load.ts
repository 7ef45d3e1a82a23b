import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { z } from 'zod';
import { notYetInEffect } from './effect.ts';
import { expand, missingAdvice, refersToEnvironment, withDotEnv, type Environment } from './environment.ts';
import { idleEmbedders } from './idle-embedders.ts';
import { problemsOf } from './messages.ts';
import { idleTier, placeProblems } from './places.ts';
import { idlePrompts, promptProblems } from './prompts.ts';
import { configError, pathText, type ConfigPath, type ConfigProblem } from './problem.ts';
import { checkReferences } from './references.ts';
import { configSchema, type Config } from './schema.ts';
import { knownKeys } from './schema-keys.ts';
import type { ReadYaml } from './source-map.ts';

/** A configuration that holds, and what is worth telling about it. */
export interface LoadedConfig {
  readonly config: Config;
  /** Changes when anything but a secret changes. */
  readonly version: string;
  /** Absolute path; absent for a configuration that is no file. */
  readonly path?: string;
  /** Keys not yet in effect and the like, each with its place. */
  readonly warnings: readonly { readonly message: string }[];
}

/** What another room knows to be wrong with a configuration that fits the schema. */
export type ConfigCheck = (config: Config) => readonly ConfigProblem[];

export interface LoadOptions {
  readonly env: Environment;
  readonly checks: readonly ConfigCheck[];
}

const FILE_NAMES = ['signalbox.yaml', 'signalbox.yml', 'signalbox.json'];

/** The configuration file of a folder, if there is one. */
export async function findConfig(cwd: string): Promise<string | undefined> {
  for (const name of FILE_NAMES) {
    const path = join(cwd, name);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

const SECRET_KEYS = new Set(['apiKey', 'key', 'headers']);

function versionOf(config: Config): string {
  const text = JSON.stringify(config, (name, value: unknown) => (SECRET_KEYS.has(name) ? undefined : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

interface Checked {
  readonly config?: Config;
  readonly problems: readonly ConfigProblem[];
}

function inputAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    input,
  );
}

/** Zod leaves the value out of its issues; a message wants to show it. */
function withInput(issue: z.core.$ZodIssue, input: unknown): z.core.$ZodIssue {
  return Object.assign(issue, { input: inputAt(input, issue.path) });
}

function check(input: unknown, checks: readonly ConfigCheck[]): Checked {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    return { problems: parsed.error.issues.flatMap((issue) => problemsOf(withInput(issue, input), knownKeys)) };
  }
  const config = parsed.data;
  const problems = [checkReferences, promptProblems, placeProblems, ...checks].flatMap(
    (one): readonly ConfigProblem[] => one(config),
  );
  return problems.length > 0 ? { problems } : { config, problems };
}

function line(place: string, { path, message }: ConfigProblem): string {
  return `${place}${path.length === 0 ? '' : ` ${pathText(path)}`}: ${message}`;
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [`${pathText(problem.path)} ${problem.message}`, problem])).values()];
}

function finish(
  checked: Checked,
  missing: readonly ConfigProblem[],
  input: unknown,
  lineOf: (problem: ConfigProblem) => string,
): LoadedConfig {
  // A reference that is not replaced breaks other rules too; what is missing is the cause.
  const broken = new Set(missing.map(({ path }) => pathText(path)));
  const rest = checked.problems.filter(({ path }) => !broken.has(pathText(path)));
  const problems = unique([...missing, ...rest]);
  if (problems.length > 0 || checked.config === undefined) throw configError(problems.map(lineOf));
  const { config } = checked;
  const notes = [...notYetInEffect(input), ...idleEmbedders(config), ...idlePrompts(config), ...idleTier(config)];
  const warnings = notes.map((note) => ({ message: lineOf(note) }));
  return { config, version: versionOf(config), warnings };
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder; name the file in it',
};

async function readText(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = error instanceof Error ? error.message : String(error);
    throw configError([`${shown}: ${UNREADABLE[code] ?? why}; "signalbox init" writes a configuration`], error);
  }
}

function placed(shown: string, yaml: ReadYaml) {
  return (problem: ConfigProblem): string => {
    const { line: row, column } = yaml.placeOf(problem.path, problem.atKey ?? false);
    return line(`${shown}:${row}:${column}`, problem);
  };
}

/**
 * Loads a configuration file: YAML or JSON, with the environment and the `.env` beside it.
 * @throws `config_invalid` with every problem, one per line: `signalbox.yaml:14:11 models[1].price.input: expected a number ≥ 0`
 */
export async function loadConfig(
  options: LoadOptions & { readonly path: string; readonly cwd: string },
): Promise<LoadedConfig> {
  const path = resolve(options.cwd, options.path);
  const below = relative(options.cwd, path);
  const shown = below.startsWith('..') ? path : below;
  const text = await readText(path, shown);
  const env = await withDotEnv(join(dirname(path), '.env'), options.env);
  // The YAML library is large, and not every configuration is a file.
  const { readYaml } = await import('./source-map.ts');
  const yaml = readYaml(text, env);
  if (yaml.faults.length > 0) {
    throw configError(yaml.faults.map(({ place, message }) => `${shown}:${place.line}:${place.column}: ${message}`));
  }
  const input = yaml.value ?? {};
  return { ...finish(check(input, options.checks), yaml.problems, input, placed(shown, yaml)), path };
}

function expandObject(value: unknown, env: Environment, path: ConfigPath, missing: ConfigProblem[]): unknown {
  if (typeof value === 'string' && refersToEnvironment(value)) {
    const expanded = expand(value, env);
    if (expanded.missing.length > 0) missing.push({ path, message: missingAdvice(expanded.missing) });
    return expanded.text;
  }
  if (Array.isArray(value)) return value.map((item, i) => expandObject(item, env, [...path, i], missing));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, expandObject(item, env, [...path, name], missing)]),
  );
}

/**
 * Loads a configuration object.
 * @throws `config_invalid` with every problem, one per line: `config models[1].price.input: expected a number ≥ 0`
 */
export function configFromObject(source: unknown, { env, checks }: LoadOptions): LoadedConfig {
  const missing: ConfigProblem[] = [];
  const input = expandObject(source, env, [], missing);
  return finish(check(input, checks), missing, input, (problem) => line('config', problem));
}
