import { choose } from '../../src/decide/choose.ts';
import type { Strategy } from '../../src/decide/decision.ts';
import { estimateAll } from '../../src/decide/estimate.ts';
import type { Model } from '../../src/catalog/model.ts';
import { openaiChat } from '../../src/protocol/openai-chat/codec.ts';
import { buildQuery } from '../../src/query/build.ts';
import { computeFeatures } from '../../src/query/features.ts';
import { estimateTokens } from '../../src/query/tokens.ts';
import { seededRandom } from '../../src/routers/numeric/random.ts';
import type { Router } from '../../src/routers/router.ts';
import { median } from '../gateway/first-byte.ts';
import { MODELS, textSource } from './rows.ts';

const CATALOG: readonly Model[] = MODELS.map((id, c) => ({
  id,
  aliases: [],
  contextWindow: 1_000_000,
  capabilities: new Set(),
  capabilitiesKnown: false,
  upstreams: [
    {
      id: `bench/${id}`,
      provider: 'bench',
      name: id,
      price: { input: 2 ** c / 10, output: 2 ** c / 2, provenance: { source: 'simulated', date: '2026-01-01' } },
    },
  ],
}));
const STRATEGY: Strategy = { kind: 'keep-quality', keep: 0.95, name: 'balanced' };

/** From parsed request to chosen model. */
function decide(router: Router, input: ReturnType<typeof openaiChat.view>): string {
  const query = buildQuery(input);
  const features = computeFeatures(query, router.needs);
  const predictions = router.predict(features, CATALOG);
  const estimates = estimateAll(query, CATALOG, predictions, undefined, () => undefined);
  const { ranking } = choose(estimates, STRATEGY, { default: MODELS[0] ?? '', draw: 0, turn: 0 });
  return ranking[0]?.model.id ?? '';
}

const viewOf = (text: string) => openaiChat.view({ model: 'auto', messages: [{ role: 'user', content: text }] });

/** Milliseconds of a decision, p50, each on the next of the texts; the first `warm` are not counted. */
function timeDecisions(router: Router, texts: readonly string[], warm: number, count: number): number {
  const views = texts.map(viewOf);
  const times: number[] = [];
  for (let i = 0; i < warm + count; i++) {
    const view = views[i % views.length];
    if (view === undefined) continue;
    const started = performance.now();
    decide(router, view);
    const took = performance.now() - started;
    if (i >= warm) times.push(took);
  }
  return median(times);
}

/** Texts in the language of the training rows, not among them. */
function texts(count: number, words: number): string[] {
  const source = textSource(7);
  const random = seededRandom(1001);
  return Array.from({ length: count }, (_, i) => source.text(i % 16, words, random));
}

/** p50 on prompts of 100 words, and on prompts of 100 000 tokens. */
export function benchDecisions(router: Router): { readonly shortMs: number; readonly longMs: number } {
  const [sample = ''] = texts(1, 10_000);
  const words = Math.round((10_000 * 100_000) / estimateTokens(sample));
  return {
    shortMs: timeDecisions(router, texts(256, 100), 3000, 4000),
    longMs: timeDecisions(router, texts(4, words), 12, 60),
  };
}
