import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namedModel, type Model, type Upstream } from '../catalog/model.ts';
import type { Target } from '../decide/targets.ts';
import { UpstreamFailure, type FailureClass } from '../providers/provider.ts';
import type { Attempt, RequestState } from './policy.ts';
import { singleChoice } from './single-choice.ts';

const upstreamOf = (provider: string, name: string): Upstream => ({
  id: `${provider}/${name}`,
  provider,
  name,
  price: null,
});

/** `p/a` = model `a` at provider `p`; windows by model. */
function targetsOf(places: readonly string[], windows: Readonly<Record<string, number>> = {}): Target[] {
  const models = new Map<string, Model>();
  return places.map((place) => {
    const [provider = '', name = ''] = place.split('/');
    const contextWindow = windows[name];
    const model = models.get(name) ?? {
      ...namedModel(name),
      ...(contextWindow === undefined ? {} : { contextWindow }),
    };
    models.set(name, model);
    return { model, upstream: upstreamOf(provider, name) };
  });
}

interface Fault {
  readonly status?: number;
  readonly retryAfter?: number;
  readonly begun?: boolean;
  readonly unsent?: boolean;
}

/** One call as a test writes it: where, how it ended, with which key. */
type Call = readonly [place: string, failure: FailureClass | 'ok', key?: number, fault?: Fault];

interface World extends Partial<Omit<RequestState, 'targets' | 'attempts' | 'keys' | 'keyReady'>> {
  readonly keys?: number;
  /** `p/a` or `p/a#1`. */
  readonly unready?: readonly string[];
  readonly windows?: Readonly<Record<string, number>>;
}

function stateOf(places: readonly string[], calls: readonly Call[], world: World): RequestState {
  const { keys = 1, unready = [], windows, ...rest } = world;
  const targets = targetsOf(places, windows);
  const attempts = calls.map(([place, failure, key = 0, fault = {}]): Attempt => {
    const target = targets.find(({ upstream }) => upstream.id === place);
    if (target === undefined) throw new Error(`no target ${place}`);
    const { begun, ...details } = fault;
    return {
      target,
      key,
      ...(failure === 'ok' ? {} : { failure: new UpstreamFailure(failure, `${place} #${key}`, details) }),
      ...(begun === undefined ? {} : { begun }),
    };
  });
  return {
    targets,
    attempts,
    remaining: 30_000,
    retries: { max: 2, wait: 3000 },
    draw: () => 0.5,
    ...rest,
    keys: () => keys,
    keyReady: ({ id }, key) => !unready.includes(id) && !unready.includes(`${id}#${key}`),
  };
}

/** The next step in one line: `p/a#0`, `p/a#0 after 150`, `accept`, or `fail p/a #0` with the failure's own words. */
function next(places: readonly string[], calls: readonly Call[] = [], world: World = {}): string {
  const step = singleChoice.next(stateOf(places, calls, world));
  if ('accept' in step) return 'accept';
  if ('fail' in step) return `fail ${step.because?.message ?? step.fail.code}`;
  return `${step.call.id}#${step.key}${step.after === 0 ? '' : ` after ${step.after}`}`;
}

const TWO = ['p/a', 'q/b'];
const told = (retryAfter: number): Fault => ({ status: 429, retryAfter });

describe('a request', () => {
  it('goes to the first target, with the model’s name there, and an answer is accepted', () => {
    expect(singleChoice.next(stateOf(TWO, [], {}))).toMatchObject({ key: 0, after: 0, body: { model: 'a' } });
    expect(next(TWO, [['p/a', 'ok']])).toBe('accept');
  });

  it('goes to the first target that is ready, with the first key that is ready', () => {
    expect(next(TWO, [], { keys: 2, unready: ['p/a#0'] })).toBe('p/a#1');
    expect(next(TWO, [], { keys: 2, unready: ['p/a#0', 'p/a#1'] })).toBe('q/b#0');
  });

  it('goes to a target that is not ready when none is', () => {
    expect(next(TWO, [], { unready: TWO })).toBe('p/a#0');
    expect(next(TWO, [['q/b', 'silent']], { unready: ['p/a'] })).toBe('p/a#0');
  });
});

describe('the order is other key, other upstream of the model, next candidate', () => {
  const places = ['p/a', 'q/a', 'p/b'];
  it.each<[Call[], string]>([
    [[['p/a', 'auth', 0, { status: 403 }]], 'p/a#1'],
    [
      [
        ['p/a', 'auth', 0, { status: 403 }],
        ['p/a', 'quota', 1],
      ],
      'q/a#0',
    ],
    [
      [
        ['p/a', 'silent'],
        ['q/a', 'silent'],
      ],
      'p/b#0',
    ],
  ])('%j → %s', (calls, expected) => expect(next(places, calls, { keys: 2 })).toBe(expected));
});

describe('busy', () => {
  it('with a short Retry-After: waits that long and stays, a little spread', () => {
    expect(next(TWO, [['p/a', 'busy', 0, told(2000)]])).toBe('p/a#0 after 2050');
    expect(next(TWO, [['p/a', 'busy', 0, told(2000)]], { draw: () => 0 })).toBe('p/a#0 after 2000');
  });

  it('with a short Retry-After and another ready key: that key at once', () => {
    expect(next(TWO, [['p/a', 'busy', 0, told(2000)]], { keys: 2 })).toBe('p/a#1');
    expect(next(TWO, [['p/a', 'busy', 0, told(2000)]], { keys: 2, unready: ['p/a#1'] })).toBe('p/a#0 after 2050');
  });

  it('with every key limited: waits for the one that is free first', () => {
    const calls: Call[] = [
      ['p/a', 'busy', 0, told(1000)],
      ['p/a', 'busy', 1, told(60_000)],
    ];
    expect(next(TWO, calls, { keys: 2 })).toBe('p/a#0 after 1050');
  });

  it('waits no more often than retries.max on one model', () => {
    const busy: Call = ['p/a', 'busy', 0, told(1000)];
    expect(next(TWO, [busy, busy])).toBe('p/a#0 after 1050');
    expect(next(TWO, [busy, busy, busy])).toBe('q/b#0');
    expect(next(TWO, [busy], { retries: { max: 0, wait: 3000 } })).toBe('q/b#0');
  });

  it('counts retries by model: another upstream of it has none left', () => {
    const first: Call = ['p/a', 'busy', 0, told(1000)];
    const calls: Call[] = [first, first, first, ['q/a', 'busy', 0, told(1000)]];
    expect(next(['p/a', 'q/a', 'p/b'], calls)).toBe('p/b#0');
  });

  it('with a Retry-After beyond retries.wait, or beyond the deadline, or none: the next at once', () => {
    expect(next(TWO, [['p/a', 'busy', 0, told(3001)]])).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'busy', 0, told(2000)]], { remaining: 2000 })).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'busy']])).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'busy']], { keys: 2 })).toBe('p/a#1');
  });

  it('without a time, and nobody else could help: backs off 0.5 s, then 1 s, on the same one', () => {
    const one = ['p/a'];
    const busy: Call = ['p/a', 'busy'];
    expect(next(one, [busy])).toBe('p/a#0 after 500');
    expect(next(one, [busy, busy])).toBe('p/a#0 after 1000');
    expect(next(one, [busy, busy, busy])).toBe('fail p/a #0');
    expect(next(one, [busy], { draw: () => 0 })).toBe('p/a#0 after 375');
    expect(next(one, [busy], { remaining: 500 })).toBe('fail p/a #0');
  });

  it('without a time: backs off on the first choice when the others failed for good', () => {
    const calls: Call[] = [
      ['p/a', 'busy'],
      ['q/b', 'silent'],
    ];
    expect(next(TWO, calls)).toBe('p/a#0 after 500');
  });

  it('with a long Retry-After is not asked again when nobody else could help', () => {
    expect(next(['p/a'], [['p/a', 'busy', 0, told(60_000)]])).toBe('fail p/a #0');
  });
});

describe('sick', () => {
  const sick: Call = ['p/a', 'sick'];

  it('gets one quick retry on the same upstream and key, after 50 to 250 ms, then the next', () => {
    expect(next(TWO, [sick])).toBe('p/a#0 after 150');
    expect(next(TWO, [sick], { draw: () => 0 })).toBe('p/a#0 after 50');
    expect(next(TWO, [sick], { draw: () => 1 })).toBe('p/a#0 after 250');
    expect(next(TWO, [sick, sick])).toBe('q/b#0');
    expect(next(TWO, [sick, sick, ['q/b', 'sick']])).toBe('q/b#0 after 150');
    expect(next(TWO, [['p/a', 'sick', 1]], { keys: 2 })).toBe('p/a#1 after 150');
  });

  it('gets none when its breaker opened on it or it was a probe: then it is not ready', () => {
    expect(next(TWO, [sick], { unready: ['p/a'] })).toBe('q/b#0');
  });

  it('gets none when retries.max is 0, or no time is left', () => {
    expect(next(TWO, [sick], { retries: { max: 0, wait: 3000 } })).toBe('q/b#0');
    expect(next(TWO, [sick], { remaining: 100 })).toBe('q/b#0');
  });

  it('gets none with another key: keys are not to blame', () => {
    expect(next(TWO, [sick, sick], { keys: 3 })).toBe('q/b#0');
  });

  it('in the middle of an answer: the next goes on, and the same one only when there is nobody else', () => {
    const cut: Call = ['p/a', 'sick', 0, { begun: true }];
    expect(next(TWO, [cut])).toBe('q/b#0');
    expect(next(['p/a'], [cut])).toBe('p/a#0 after 150');
    expect(next(['p/a'], [cut, cut])).toBe('fail p/a #0');
  });
});

describe('silent', () => {
  it('is never tried again, with any key: the next at once', () => {
    expect(next(TWO, [['p/a', 'silent']], { keys: 3 })).toBe('q/b#0');
    expect(next(['p/a'], [['p/a', 'silent']], { keys: 3 })).toBe('fail p/a #0');
  });
});

describe('auth and quota', () => {
  it('put that key out: another key, then the next', () => {
    expect(next(TWO, [['p/a', 'quota']], { keys: 2 })).toBe('p/a#1');
    expect(next(TWO, [['p/a', 'auth', 0, { status: 401 }]])).toBe('q/b#0');
  });

  it('put a key that its provider refused out for all its models, unless it may only not use this one (403)', () => {
    const places = ['p/a', 'p/b', 'q/c'];
    expect(next(places, [['p/a', 'auth', 0, { status: 401 }]])).toBe('q/c#0');
    expect(next(places, [['p/a', 'auth', 0, { status: 401 }]], { keys: 2, unready: ['p/a#1'] })).toBe('p/b#1');
    expect(next(places, [['p/a', 'auth', 0, { status: 403 }]])).toBe('p/b#0');
    expect(next(places, [['p/a', 'quota', 0, { status: 402 }]])).toBe('p/b#0');
  });
});

describe('misconfigured', () => {
  it('is the next', () => expect(next(TWO, [['p/a', 'misconfigured']], { keys: 2 })).toBe('q/b#0'));
});

describe('context', () => {
  const places = ['p/a', 'q/a', 'p/same', 'p/unknown', 'p/large'];
  const windows = { a: 8000, same: 8000, large: 128_000 };

  it('is only for larger windows, and the small one is called once', () => {
    expect(next(places, [['p/a', 'context']], { keys: 2, windows })).toBe('p/large#0');
    expect(next(['p/a', 'p/same'], [['p/a', 'context']], { windows })).toBe('fail p/a #0');
  });

  it('of an unknown window leaves every known one', () => {
    expect(next(['p/unknown', 'p/a'], [['p/unknown', 'context']], { windows })).toBe('p/a#0');
  });

  it('of a limited model’s neighbour keeps what is too small from being asked again', () => {
    const calls: Call[] = [
      ['p/a', 'busy'],
      ['p/large', 'context'],
    ];
    expect(next(['p/a', 'p/large'], calls, { windows })).toBe('fail p/a #0');
  });
});

describe('request, filter and gone', () => {
  it.each<FailureClass>(['request', 'filter', 'gone'])('%s is final, with its own error', (failure) => {
    expect(next(TWO, [['p/a', failure]], { keys: 2 })).toBe('fail p/a #0');
    const calls: Call[] = [
      ['p/a', 'silent'],
      ['q/b', failure],
    ];
    expect(next(TWO, calls)).toBe('fail q/b #0');
  });
});

describe('a request that a provider’s dialect cannot say', () => {
  it('goes to the next provider, and is the caller’s to change where that is none', () => {
    const unsaid: Call = ['p/a', 'request', 0, { unsent: true }];
    expect(next(TWO, [unsaid])).toBe('q/b#0');
    expect(next(['p/a'], [unsaid], { keys: 2 })).toBe('fail p/a #0');
  });
});

describe('when all fail', () => {
  it('the first choice’s error is told, its last one', () => {
    const calls: Call[] = [
      ['p/a', 'busy', 0, told(1000)],
      ['p/a', 'silent', 1],
      ['q/b', 'misconfigured'],
    ];
    expect(next(TWO, calls, { keys: 2 })).toBe('fail p/a #1');
  });

  it('the deadline ends it, whoever could still help', () => {
    expect(next(TWO, [['p/a', 'silent']], { remaining: 0 })).toBe('fail p/a #0');
    expect(next(TWO, [], { remaining: 0 })).toBe('fail provider_timeout');
  });
});

describe('the money cap', () => {
  const money = (spent: bigint | null, reserves: Readonly<Record<string, bigint | null>>) => ({
    money: { cap: 1000n, spent, reserve: ({ upstream }: Target) => reserves[upstream.id] ?? null },
  });

  it('lets no call begin whose reserve exceeds what is left', () => {
    expect(next(TWO, [], money(0n, { 'p/a': 1000n, 'q/b': 10n }))).toBe('p/a#0');
    expect(next(TWO, [], money(1n, { 'p/a': 1000n, 'q/b': 10n }))).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'silent']], money(991n, { 'q/b': 10n }))).toBe('fail p/a #0');
  });

  it('holds for retries', () => {
    const dear = money(1n, { 'p/a': 1000n, 'q/b': 10n });
    expect(next(TWO, [['p/a', 'sick']], dear)).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'busy', 0, told(1000)]], { ...dear, keys: 2 })).toBe('q/b#0');
    expect(next(['p/a'], [['p/a', 'busy']], dear)).toBe('fail p/a #0');
  });

  it('is not kept by what nobody knows', () => {
    expect(next(TWO, [], money(0n, { 'q/b': 10n }))).toBe('q/b#0');
    expect(next(TWO, [['p/a', 'silent']], money(null, { 'q/b': 10n }))).toBe('fail p/a #0');
  });

  it('says what is wrong when nothing may be called', () => {
    const step = singleChoice.next(stateOf(TWO, [], money(0n, { 'p/a': 2_000_000_000n })));
    if (!('fail' in step)) throw new Error('a call was begun');
    expect(step.fail.code).toBe('no_candidate');
    expect(step.fail.message).toContain('a call of a may cost 2 USD, and retries.maxCost allows 0.000001 USD');
  });
});

describe('every chain', () => {
  const failures = fc.constantFrom<FailureClass>('busy', 'sick', 'silent', 'context', 'auth', 'quota', 'misconfigured');

  it('ends, calls no target again but for retries, and waits only before what it calls again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(failures, fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined })), {
          minLength: 60,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 4 }),
        fc.subarray(['p/a', 'q/a', 'p/b', 'q/c#0', 'q/c#1']),
        (script, keys, max, unready) => {
          const places = ['p/a', 'q/a', 'p/b', 'q/c'];
          const world = { keys, unready, retries: { max, wait: 3000 }, windows: { a: 1000, b: 2000, c: 4000 } };
          const calls: Call[] = [];
          for (const [failure, retryAfter] of script) {
            const step = singleChoice.next(stateOf(places, calls, world));
            if ('fail' in step) break;
            if ('accept' in step) throw new Error('nothing answered');
            const before = calls.filter(([place]) => place === step.call.id);
            if (step.after > 0) expect(before.map(([, , key]) => key)).toContain(step.key);
            expect(before.map(([, ended]) => ended)).not.toContain('silent');
            expect(before.map(([, ended]) => ended)).not.toContain('context');
            calls.push([step.call.id, failure, step.key, retryAfter === undefined ? {} : { retryAfter }]);
          }
          expect(calls.length).toBeLessThan(script.length);
          for (const name of ['a', 'b', 'c']) {
            const made = calls
              .filter(([place]) => place.endsWith(`/${name}`))
              .map(([place, , key]) => `${place}#${key}`);
            expect(made.length - new Set(made).size).toBeLessThanOrEqual(max);
          }
        },
      ),
    );
  });
});
