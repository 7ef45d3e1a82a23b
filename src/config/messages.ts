import type { z } from 'zod';
import { nearestNames } from '../catalog/nearest.ts';
import type { ConfigProblem } from './problem.ts';

type Issue = z.core.$ZodIssue;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return typeof value === 'string' ? JSON.stringify(value).slice(0, 60) : String(value);
}

/** A secret in the wrong place must not be printed. */
function showable(path: readonly PropertyKey[]): boolean {
  return !path.some((part) => /key|token|secret|headers|password/i.test(String(part)));
}

function got(issue: Issue): string {
  if (issue.input === undefined || !showable(issue.path)) return '';
  return `, not ${shown(issue.input)}`;
}

function sizeWord(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}

/** The longest part of a union's issues: the alternative that the writer meant. */
function closest(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  const depths = issue.errors.map((issues) => Math.max(...issues.map((one) => one.path.length)));
  const deepest = Math.max(...depths);
  return deepest > 0 ? issue.errors[depths.indexOf(deepest)] : undefined;
}

function unionWords(issue: z.core.$ZodIssueInvalidUnion): string {
  const words = issue.errors.flatMap((issues) =>
    issues.map((one) =>
      one.code === 'invalid_value'
        ? one.values.map(String).join(', ')
        : one.code === 'invalid_type'
          ? typeWord(one.expected)
          : one.message,
    ),
  );
  return `expected one of ${[...new Set(words)].join(', ')}${got(issue)}`;
}

/** A schema's type in words: `a number`, `a list`. */
export function typeWord(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  path: (string | number)[],
  known: KnownKeys,
): ConfigProblem[] {
  const names = known(path);
  return issue.keys.map((key) => {
    const [near] = nearestNames(key, names);
    const advice =
      near === undefined ? (names.length > 0 ? `; known are ${names.join(', ')}` : '') : `; did you mean "${near}"?`;
    return { path: [...path, key], atKey: true, message: `unknown key${advice}` };
  });
}

/** The keys that the schema has at a path. */
export type KnownKeys = (path: readonly (string | number)[]) => readonly string[];

/** A schema's issue as problems in plain words. */
export function problemsOf(issue: Issue, known: KnownKeys): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const say = (message: string): ConfigProblem[] => [{ path, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(issue, path, known);
    case 'invalid_type': {
      if (issue.input === undefined) return say(`is missing: expected ${typeWord(issue.expected)}`);
      return say(
        issue.message.startsWith('expected ')
          ? `${issue.message}${got(issue)}`
          : `expected ${typeWord(issue.expected)}${got(issue)}`,
      );
    }
    case 'too_small':
      return say(
        /^(?:expected|at least)/.test(issue.message)
          ? issue.message
          : `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${sizeWord(issue.origin)}${got(issue)}`,
      );
    case 'too_big':
      return say(`expected at most ${issue.maximum}${sizeWord(issue.origin)}${got(issue)}`);
    case 'invalid_value':
      return say(`expected one of ${issue.values.map(String).join(', ')}${got(issue)}`);
    case 'invalid_union': {
      const inner = closest(issue);
      if (inner === undefined) return say(unionWords(issue));
      return inner.flatMap((one) => problemsOf({ ...one, path: [...issue.path, ...one.path] }, known));
    }
    default:
      return say(issue.message);
  }
}
