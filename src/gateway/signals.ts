import { nameOf } from '../flow/names.ts';
import type { HeaderReader } from '../protocol/headers.ts';

/** The conversation that a request belongs to: as its caller names it to Signalbox, else as Claude Code does. */
export function sessionOf(header: HeaderReader): string | undefined {
  return nameOf(header('x-signalbox-session') ?? header('x-claude-code-session-id'));
}

/** Requests of Claude Code that nobody reads: titles, summaries, the compaction of a context. */
const MINOR: ReadonlySet<string> = new Set(['auxiliary', 'compaction']);

/** Whether the client says that little hangs on this answer. */
export function isMinor(header: HeaderReader): boolean {
  return MINOR.has(header('x-claude-code-request-class') ?? '');
}

/** Whether the conversation was compacted just now: what a provider had cached of it is worth nothing. */
export function isCompacted(header: HeaderReader): boolean {
  const said = header('x-claude-code-context-compacted');
  return said !== undefined && said !== 'false' && said !== '0';
}
