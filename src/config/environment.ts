import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Whether a text refers to the environment. */
export function refersToEnvironment(text: string): boolean {
  return text.includes('${');
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` (used when the variable is not set or empty); `$${` stands for `${`.
 * `missing` names the variables that have neither a value nor a default.
 */
export function expand(text: string, env: Environment): { readonly text: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const expanded = text.replace(REFERENCE, (whole: string, name?: string, fallback?: string) => {
    if (name === undefined) return '${';
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    if (fallback !== undefined) return fallback;
    missing.push(name);
    return whole;
  });
  return { text: expanded, missing };
}

/** What to tell somebody whose variable is not set. */
export function missingAdvice(names: readonly string[]): string {
  return names
    .map(
      (name) => `the environment variable ${name} is not set; set it, put it into .env, or write \${${name}:-default}`,
    )
    .join('; ');
}

/** The variables of a `.env` file under those of `env`, which win; without the file just `env`. */
export async function withDotEnv(path: string, env: Environment): Promise<Environment> {
  try {
    return { ...parseEnv(await readFile(path, 'utf8')), ...env };
  } catch {
    return env;
  }
}
