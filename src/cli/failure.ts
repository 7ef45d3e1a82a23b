import { SignalboxError } from '../errors.ts';
import { harmless } from '../telemetry/harmless.ts';

/** Codes that mean the user must change something before trying again. */
const USAGE = new Set([
  'config_invalid',
  'artifact_invalid',
  'invalid_request',
  'port_in_use',
  'storage_unavailable',
  'model_not_found',
  'role_not_found',
  'key_not_found',
  'key_conflict',
]);

function isUsageError(error: unknown): boolean {
  // citty's own errors about arguments are marked by their name.
  return (SignalboxError.is(error) && USAGE.has(error.code)) || (error instanceof Error && error.name === 'CLIError');
}

/** 2 for wrong usage or configuration, 1 for everything else. */
export function exitCode(error: unknown): 1 | 2 {
  return isUsageError(error) ? 2 : 1;
}

/** Says on stderr what went wrong: one message without a stack for errors we know. */
export function report(error: unknown, json: boolean): void {
  const known = SignalboxError.is(error) || isUsageError(error);
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const code = SignalboxError.is(error) ? error.code : known ? 'invalid_request' : 'internal';
    process.stderr.write(`${harmless(JSON.stringify({ error: { code, message } }))}\n`);
    return;
  }
  const words = known || !(error instanceof Error) ? message : (error.stack ?? message);
  process.stderr.write(`signalbox: ${harmless(words)}\n`);
}
