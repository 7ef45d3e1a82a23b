import type { Decision } from '../decide/decision.ts';
import { strategyName } from '../decide/strategy.ts';
import { usdOf } from '../ledger/money.ts';
import type { SessionStep } from './memory.ts';

/** What the headers of an answer tell, whatever its status. */
export interface HeadFacts {
  readonly requestId: string;
  readonly decision: Decision;
  /** Upstream calls so far. */
  readonly attempts: number;
  /** Model and provider that answered, or that were last tried. */
  readonly model: string;
  readonly provider: string;
  readonly session: SessionStep;
  readonly overheadMs: number;
  readonly warnings: readonly string[];
  /** Nano-dollars, when known by now. */
  readonly cost?: bigint | null | undefined;
}

/** Header values are ASCII: other characters become `?`. */
export function ascii(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replaceAll(/[^\x20-\x7e]/g, '?');
}

/** Clients take 16 KB of headers, all in all; characters. */
const MAX_WARNINGS = 4000;

/** Warnings as a header says them: as many as have room, then how many more there are. A body may name any number of fields. */
export function warningsHeader(warnings: readonly string[]): string {
  const all = ascii(warnings.join(','));
  if (all.length <= MAX_WARNINGS) return all;
  let length = 0;
  const room = warnings.findIndex((warning) => (length += warning.length + 1) > MAX_WARNINGS);
  return [...warnings.slice(0, room).map(ascii), `more:${warnings.length - room}`].join(',');
}

/** The contract's response headers, lower case, added to `headers`. */
export function addSignalboxHeaders(headers: Record<string, string>, facts: HeadFacts): Record<string, string> {
  const { decision } = facts;
  headers['x-signalbox-request-id'] = facts.requestId;
  headers['x-signalbox-decision-id'] = decision.id;
  headers['x-signalbox-model'] = ascii(facts.model);
  headers['x-signalbox-provider'] = ascii(facts.provider);
  headers['x-signalbox-strategy'] = ascii(strategyName(decision.strategy));
  headers['x-signalbox-reason'] = decision.reasonCode;
  headers['x-signalbox-confidence'] = String(Math.round(decision.confidence * 1000) / 1000);
  headers['x-signalbox-attempts'] = String(facts.attempts);
  headers['x-signalbox-fallback'] = String(facts.model !== decision.chosen);
  headers['x-signalbox-session'] = facts.session;
  headers['x-signalbox-overhead-ms'] = facts.overheadMs.toFixed(3);
  if (facts.warnings.length > 0) headers['x-signalbox-warnings'] = warningsHeader(facts.warnings);
  if (facts.cost !== undefined && facts.cost !== null) headers['x-signalbox-cost-usd'] = String(usdOf(facts.cost));
  return headers;
}
