import { openaiChat } from '../src/protocol/openai-chat/codec.ts';
import { buildQuery } from '../src/query/build.ts';
import { median } from './gateway/first-byte.ts';

const MB = 2 ** 20;
const fill = (piece: string) => piece.repeat(Math.ceil((2 * MB) / piece.length));

/** Texts of 2 MB, ordinary ones and those that are hard on a scanner. */
const TEXTS: Readonly<Record<string, string>> = {
  prose: fill('The committee met on Tuesday and discussed the budget. '),
  code: fill('const f = (a) => { return a + 1; };\n'),
  Chinese: fill('你好世界，今天天气很好。'),
  'one word': fill('x'),
  'fences only': fill('```\na\n'),
  'quotes only': fill('> a\n'),
  'tags only': fill('<document>x</document>\n'),
  'line breaks only': fill('\n'),
};

/** Milliseconds from parsed body to query, by kind of text; medians of `count`. */
export function benchQuery(count: number): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(TEXTS).map(([name, text]) => {
      const body = { model: 'auto', messages: [{ role: 'user', content: text }] };
      const times = Array.from({ length: count }, () => {
        const started = performance.now();
        buildQuery(openaiChat.view(body));
        return performance.now() - started;
      });
      return [name, median(times)];
    }),
  );
}
