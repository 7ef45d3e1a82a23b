import type { z } from '@hono/zod-openapi';
import { typeWord } from '../../config/messages.ts';
import { SignalboxError } from '../../errors.ts';

/** Zod's own words name types of JavaScript; a schema's are kept. */
function inWords(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  const missing = issue.message.endsWith('received undefined');
  return `${missing ? 'is missing: ' : ''}expected ${typeWord(issue.expected)}`;
}

/** What a management route's schema does not take, with the place: `score: is missing: expected a number`. */
export function invalidInput(
  { issues }: { readonly issues: readonly z.core.$ZodIssue[] },
  target: string,
): SignalboxError {
  const where = target === 'json' ? 'the body' : `the ${target}`;
  const lines = issues.map((issue) => `${issue.path.length === 0 ? where : issue.path.join('.')}: ${inWords(issue)}`);
  const param = issues[0]?.path.join('.') ?? '';
  return new SignalboxError('invalid_request', lines.join('; '), param === '' ? {} : { param });
}
