import type { Budget, Config } from '../config/schema.ts';

/** A budget, and the requests that it is for. */
export interface Account {
  /** In words: `role engineer`, `key ci`, `tag team=red`, `all requests`. */
  readonly name: string;
  readonly budget: Budget;
  /** Left out: every request. */
  readonly by?: 'key' | 'role' | 'tag';
  /** The key's or role's name, or `name=value` of the tag. */
  readonly group: string;
  /** Which of several budgets for the same requests, from 0: one may lead to cheaper models, a larger one refuse. */
  readonly nth?: number;
}

/** Who asks, as far as budgets care. */
export interface Payer {
  readonly role?: string | undefined;
  readonly key?: string | undefined;
  readonly keyBudget?: Budget | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The budgets of a configuration. */
export interface Accounts {
  /** Those that a request counts against. */
  of(payer: Payer): readonly Account[];
  /** All of them but those of keys. */
  readonly configured: readonly Account[];
}

const NONE: readonly Account[] = [];

/** The budgets of a configuration; keys bring their own. */
export function createAccounts({ budgets, roles }: Pick<Config, 'budgets' | 'roles'>): Accounts {
  const all: Account[] = [];
  const tags = new Map<string, Account[]>();
  const nthOf = (known: readonly Account[], { per, zone }: Budget): number =>
    known.filter(({ budget }) => budget.per === per && budget.zone === zone).length;
  for (const { tag, ...budget } of budgets) {
    if (tag === undefined) all.push({ name: 'all requests', budget, group: '', nth: nthOf(all, budget) });
    else {
      const known = tags.get(tag) ?? [];
      tags.set(tag, [...known, { name: `tag ${tag}`, budget, by: 'tag', group: tag, nth: nthOf(known, budget) }]);
    }
  }
  const ofRoles = new Map(
    Object.entries(roles).flatMap(([role, { budget }]): [string, Account][] =>
      budget === undefined ? [] : [[role, { name: `role ${role}`, budget, by: 'role', group: role }]],
    ),
  );
  const configured = [...all, ...ofRoles.values(), ...[...tags.values()].flat()];
  return {
    configured,
    of(payer) {
      if (configured.length === 0 && payer.keyBudget === undefined) return NONE;
      const found = [...all];
      const ofRole = payer.role === undefined ? undefined : ofRoles.get(payer.role);
      if (ofRole !== undefined) found.push(ofRole);
      if (payer.keyBudget !== undefined && payer.key !== undefined) {
        found.push({ name: `key ${payer.key}`, budget: payer.keyBudget, by: 'key', group: payer.key });
      }
      if (tags.size > 0) {
        for (const [name, value] of Object.entries(payer.tags ?? {}))
          found.push(...(tags.get(`${name}=${value}`) ?? []));
      }
      return found;
    },
  };
}
