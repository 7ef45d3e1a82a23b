import type { ConfigProblem } from './problem.ts';
import { PROMPTS, type Config, type PromptSetting } from './schema.ts';

/** The setting under which least is kept. */
export function leastKept(...settings: readonly (PromptSetting | undefined)[]): PromptSetting {
  // With every request: no list is made.
  let least = PROMPTS.length - 1;
  for (const setting of settings) if (setting !== undefined) least = Math.min(least, PROMPTS.indexOf(setting));
  return PROMPTS[least] ?? 'full';
}

/** Whether a word is a setting of what is kept. */
export function isPromptSetting(word: string): word is PromptSetting {
  return PROMPTS.some((setting) => setting === word);
}

/** What is wrong with how long prompts are kept. */
export function promptProblems({ storage }: Pick<Config, 'storage'>): ConfigProblem[] {
  const { promptRetention, retention } = storage;
  if (promptRetention === undefined || promptRetention <= retention) return [];
  const message = 'prompts are not kept longer than their requests: shorten it, or lengthen storage.retention';
  return [{ path: ['storage', 'promptRetention'], message }];
}

/** Roles that ask for more to be kept than the storage keeps. */
export function idlePrompts({ roles, storage }: Pick<Config, 'roles' | 'storage'>): ConfigProblem[] {
  return Object.entries(roles).flatMap(([role, { prompts }]) =>
    prompts === undefined || leastKept(prompts, storage.prompts) === prompts
      ? []
      : [
          {
            path: ['roles', role, 'prompts'],
            message: `a role can only ask for less than storage.prompts, which is ${storage.prompts}`,
          },
        ],
  );
}
