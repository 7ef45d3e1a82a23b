import { pino } from 'pino';
import { harmless } from './harmless.ts';

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Structured log. Fields never hold prompts, answers or keys. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/** Levels that {@link createLog} takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Whether a word is a log level. */
export function isLogLevel(word: string): word is LogLevel {
  return LOG_LEVELS.some((level) => level === word);
}

const nothing: Write = () => {};

/** Says nothing. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What must not be shown even where a caller names a field so. */
const SECRET = [
  'apiKey',
  'authorization',
  '*.apiKey',
  '*.authorization',
  'headers["x-api-key"]',
  'headers["x-signalbox-key"]',
];

/** JSON lines on stderr (stdout is for answers). */
export function createLog({ level }: { readonly level: LogLevel }): Log {
  if (level === 'silent') return silentLog;
  const stderr = pino.destination({ dest: 2, sync: true });
  const logger = pino(
    { level, base: { pid: process.pid }, redact: { paths: SECRET, censor: '[secret]' } },
    { write: (line) => void stderr.write(harmless(line)) },
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
