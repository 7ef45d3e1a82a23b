import { SignalboxError } from '../../errors.ts';

/** An artifact that cannot be used: what is wrong, and what to do. */
export function invalidArtifact(what: string, advice = 'train it again with signalbox train'): SignalboxError {
  return new SignalboxError('artifact_invalid', `${what}; ${advice}`);
}

/** Advice for a file that is not what was written. */
export const DAMAGED = 'the file is damaged or incomplete: copy it again, or train again';
