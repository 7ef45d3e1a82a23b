import { dirname, join } from 'node:path';
import { ADMIN_KEY } from '../access/keyring.ts';
import { withDotEnv } from '../config/environment.ts';
import type { LoadedConfig } from '../config/load.ts';

/** The administrator's key of the environment, or of the `.env` beside the configuration. */
export async function adminKeyOf(
  { path }: Pick<LoadedConfig, 'path'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const all = path === undefined ? env : await withDotEnv(join(dirname(path), '.env'), env);
  return all[ADMIN_KEY];
}
