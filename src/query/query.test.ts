import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildQuery } from './build.ts';
import { separate } from './instruction.ts';
import type { QueryInput, QueryMessage } from './query.ts';

const PASTE = 'The committee met on Tuesday and discussed the budget at length. '.repeat(40);

const message = (role: QueryMessage['role'], text: string, rest: Partial<QueryMessage> = {}): QueryMessage => ({
  role,
  text,
  images: 0,
  audio: 0,
  files: 0,
  ...rest,
});
const input = (messages: readonly QueryMessage[], rest: Partial<QueryInput> = {}): QueryInput => ({
  messages,
  toolCount: 0,
  toolChars: 0,
  json: false,
  reasoning: false,
  stream: false,
  ...rest,
});

describe('what is asked, apart from what is pasted', () => {
  it.each([
    ['a label before the text', `Please summarize the following article in three points.\n\nContent:\n${PASTE}`],
    ['a colon before the text', `Summarise this conversation in one line:\n\n${PASTE}`],
    ['a fenced block', `Explain this code\n\`\`\`js\n${PASTE}\n\`\`\``],
    ['a quoted mail', `Write a reply to this\n> ${PASTE.replaceAll('. ', '.\n> ')}`],
    ['a tagged document', `Translate into German\n<document>\n${PASTE}\n</document>`],
    ['the instruction at the end', `${PASTE}\n\n${PASTE}\n\nSummarise the above in one sentence.`],
  ])('%s', (_name, text) => {
    const { instruction, payloadChars } = separate(text);
    expect(instruction.length).toBeLessThan(300);
    expect(instruction).toMatch(/summari[sz]e|explain|reply|translate/i);
    expect(instruction).not.toContain('committee met on Tuesday and discussed the budget at length. The committee');
    expect(payloadChars).toBeGreaterThan(PASTE.length / 2);
  });

  it('leaves a plain question whole', () => {
    const text = 'Question: why is the sky blue? Give two reasons: one simple, one exact.';
    expect(separate(text)).toEqual({ instruction: text, payloadChars: 0 });
  });

  it('is bounded and never fails, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({
          maxLength: 3000,
          unit: fc.constantFrom('`', '~', '>', '<', 'a', ':', '\n', ' ', 'summarise ', 'é', '\u{1F600}'),
        }),
        (text) => {
          const { instruction, payloadChars } = separate(text);
          expect(instruction.length).toBeLessThanOrEqual(4000);
          expect(payloadChars).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a query', () => {
  it('counts turns, tokens and needs', () => {
    const query = buildQuery(
      input(
        [
          message('system', 'Be brief.'),
          message('user', 'One'),
          message('assistant', 'Two'),
          message('user', 'Look', { images: 1, files: 1 }),
        ],
        {
          toolCount: 2,
          toolChars: 400,
          json: true,
          maxOutput: 50,
        },
      ),
      { session: 's' },
    );
    expect([...query.needs].sort()).toEqual(['files', 'json', 'tools', 'vision']);
    expect(query).toMatchObject({ turns: 2, text: 'Look', instruction: 'Look', maxOutput: 50, session: 's' });
    expect(query.inputTokens).toBeGreaterThan(100 + 765 + 1500);
  });

  it('of nothing is empty', () => {
    expect(buildQuery(input([]))).toMatchObject({ instruction: '', text: '', inputTokens: 0, turns: 0 });
  });
});
