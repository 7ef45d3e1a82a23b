/** What a Claude model takes, as far as its name says. Models of others that speak this dialect take the oldest forms. */
export interface ClaudeTraits {
  /** Thinking is asked for with a number of tokens, with a level, or either way. */
  readonly thinking: 'budget' | 'either' | 'adaptive';
  /** Thinking cannot be switched off. */
  readonly alwaysThinks: boolean;
  /** The level between high and max is known. */
  readonly xhigh: boolean;
  /** How many of temperature, top_p and top_k may be set. */
  readonly sampling: 'all' | 'one' | 'none';
  /** A tool can be forced. */
  readonly forcedTools: boolean;
}

/** `claude-opus-4-6`, `claude-3-7-sonnet-20250219`, `anthropic/claude-opus-4.7`: a date is no version. */
const NAME =
  /claude-(?:(opus|sonnet|haiku|fable|mythos)-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?(?:-(opus|sonnet|haiku))?/i;

/** The traits of a model by its name at the upstream. Source: Anthropic's tables of thinking and of model migrations. */
export function traitsOf(model: string): ClaudeTraits {
  const [, before, major, minor, after] = NAME.exec(model) ?? [];
  const family = (before ?? after ?? '').toLowerCase();
  const version = 100 * Number(major ?? 0) + Number(minor ?? 0);
  const newest = family === 'fable' || family === 'mythos';
  return {
    thinking: version >= 407 ? 'adaptive' : version >= 406 ? 'either' : 'budget',
    alwaysThinks: newest || (family === 'opus' && version >= 505),
    xhigh: version >= 407,
    sampling: version >= 407 ? 'none' : version >= 401 ? 'one' : 'all',
    forcedTools: !((family === 'opus' && version >= 505) || (newest && version >= 501)),
  };
}
