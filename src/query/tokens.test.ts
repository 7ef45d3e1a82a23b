import { describe, expect, it } from 'vitest';
import { estimateTokens } from './tokens.ts';

const SAMPLES: Readonly<Record<string, string>> = {
  english: `The harbour was quiet when the last ferry came in. A woman with a red umbrella waited at the gate, counting the passengers one by one, until she found the man she had written to for eleven years without ever meeting him. Neither of them knew what to say. "You are taller than your letters," she said at last, and he laughed so loudly that the gulls took off from the roof of the customs house.`,
  instruction: `Please read the report below and write a short summary for the finance team. Mention the three largest risks, what each of them would cost in the worst case, and who is responsible for it. Do not repeat numbers that are already in the table, and keep the whole text under two hundred words.`,
  typescript: `export function groupBy<T, K extends string>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name) ?? [];
    group.push(item);
    groups.set(name, group);
  }
  return groups;
}`,
  python: `def moving_average(values, window=5):
    """Return the moving average of a list of numbers."""
    if window <= 0:
        raise ValueError("window must be positive")
    result = []
    for i in range(len(values) - window + 1):
        chunk = values[i:i + window]
        result.append(sum(chunk) / len(chunk))
    return result

print(moving_average([1, 2, 3, 4, 5, 6], window=3))`,
  json: `{"order":{"id":48213,"customer":{"name":"Ines Duarte","email":"ines@example.org"},"items":[{"sku":"KB-210","quantity":2,"price":49.9},{"sku":"MS-004","quantity":1,"price":19.5}],"paid":true,"note":null}}`,
  markdown: `# Release notes

- **Faster start**: the server is ready in half the time.
- Fixed a crash when the folder is *empty*.
- See [the guide](https://example.org/guide) for details.

| version | date |
|---|---|
| 1.2 | 2026-03-01 |`,
  chinese:
    '今天早上我们在市场上买了很多新鲜的蔬菜和水果,然后回家准备午饭。下午的时候,孩子们在公园里玩耍,老人们坐在树下聊天,大家都觉得这是一个非常愉快的周末。',
  japanese:
    '昨日は友達と一緒に新しい喫茶店へ行きました。コーヒーはとても美味しくて、店員さんも親切でした。また来週の土曜日に行こうと思っています。',
  korean:
    '어제 저녁에 가족들과 함께 공원을 산책했습니다. 날씨가 따뜻하고 바람이 시원해서 모두가 즐거운 시간을 보냈습니다. 다음 주에도 다시 가고 싶습니다.',
  russian:
    'Вчера вечером мы долго гуляли по старому городу и разговаривали о книгах. На площади играл оркестр, и люди танцевали прямо под дождём, не обращая внимания на погоду.',
  german:
    'Die Straßenbahn fährt heute wegen der Bauarbeiten nicht über die große Brücke. Bitte benutzen Sie die Ersatzbusse, die alle zehn Minuten vor dem Hauptbahnhof abfahren, und rechnen Sie mit längeren Wartezeiten.',
  french:
    "L'été dernier, nous avons passé deux semaines à la campagne, chez ma grand-mère. Elle nous préparait chaque matin des crêpes avec de la confiture, puis nous allions nager dans la rivière jusqu'à midi.",
  latex: String.raw`Let $f(x) = \int_0^x \frac{\sin t}{t}\,dt$ and show that $\lim_{x \to \infty} f(x) = \frac{\pi}{2}$. Use the identity $\sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6}$ where needed, and justify each exchange of limits.`,
  digits:
    'Readings: 48213, 99812, 10077, 23.551, 0.00042, 1764298331, 2026-11-23T18:04:55, 192.168.10.254, 5551230, 314159265358979, 271828182845904.',
  symbols: '→ ← ↑ ↓ ⇒ ≤ ≥ ≠ ≈ ∑ ∏ √ ∞ ∂ ∇ ★ ☆ ✓ ✗ • § ¶ © ® ™ € £ ¥ ° ± × ÷',
  emoji: 'Great news 🎉🎉 we shipped it! 🚀 Thanks to everyone 🙏😀 and see you on Friday 🍕🍺 for the party 🎈',
  hex: 'sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  base64:
    'SGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nZXIgc3RyaW5nIHRoYXQgaGFzIGJlZW4gZW5jb2RlZCBhcyBiYXNlNjQgZm9yIGEgdGVzdCBvZiB0aGUgZXN0aW1hdG9yLg==',
  shell:
    'docker run --rm -it -v "$PWD":/app -w /app node:22 sh -c "npm ci && npm test -- --reporter=dot" | tee build.log',
  mixed:
    'The function `parseDate` in utils/date.ts returns NaN for "2026-02-30" (see issue #482). 请检查这个问题, and add a test: expect(parseDate("2026-02-30")).toBeNull();',
};

const tokenizer = await import('gpt-tokenizer/encoding/o200k_base').catch(() => undefined);

describe('estimateTokens', () => {
  it.skipIf(tokenizer === undefined).each(Object.entries(SAMPLES))('is within 15 %% of o200k on %s', (_name, text) => {
    const exact = tokenizer?.encode(text).length ?? Number.NaN;
    const ratio = estimateTokens(text) / exact;
    expect(ratio, `${estimateTokens(text)} for ${exact}`).toBeGreaterThan(0.85);
    expect(ratio, `${estimateTokens(text)} for ${exact}`).toBeLessThan(1.15);
  });

  it('scales from samples on long texts', () => {
    const text = Array.from({ length: 400 }, () => SAMPLES['english']).join('\n');
    const part = estimateTokens(SAMPLES['english'] ?? '');
    expect(estimateTokens(text) / (part * 400)).toBeGreaterThan(0.93);
    expect(estimateTokens(text) / (part * 400)).toBeLessThan(1.07);
  });

  it('is 0 for nothing and grows with text', () => {
    expect(estimateTokens('')).toBe(0);
    expect(estimateTokens('a')).toBe(1);
  });
});
