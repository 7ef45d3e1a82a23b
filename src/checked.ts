import { configFromObject, loadConfig, type LoadedConfig } from './config/load.ts';
import { embedderChecks } from './providers/embedders/registry.ts';
import { providerChecks } from './providers/registry.ts';
import { routerChecks } from './routers/registry.ts';
import { redisChecks } from './state/redis-address.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const checks = [providerChecks, embedderChecks, routerChecks, redisChecks];

/** Loads a configuration file with every room's checks. */
export function checkedFile(path: string, env: Environment): Promise<LoadedConfig> {
  return loadConfig({ path, cwd: process.cwd(), env, checks });
}

/** Loads a configuration object with every room's checks. */
export async function checkedConfig(config: unknown, env: Environment): Promise<LoadedConfig> {
  return configFromObject(config, { env, checks });
}
