import { describe, expect, it } from 'vitest';
import { buildQuery } from './build.ts';

function signalsOf(text: string) {
  const messages = [{ role: 'user' as const, text, images: 0, audio: 0, files: 0 }];
  return buildQuery({ messages, toolCount: 0, toolChars: 0, json: false, reasoning: false, stream: false }).signals;
}

describe('signals', () => {
  it('count what stands there', () => {
    expect(signalsOf('What is 2 + 3?\nAnd 10/5?\nA. one\nB. two')).toMatchObject({
      lines: 4,
      words: 11,
      questions: 2,
      options: 2,
      mathMarks: 2,
      codeMarks: 0,
      script: 'latin',
    });
  });

  it('know code and its words', () => {
    // const, =>, {, return, ;, } and the empty call
    expect(signalsOf('const f = () => { return 1; }')).toMatchObject({ codeMarks: 7, mathMarks: 0 });
    expect(signalsOf('A constant in a functional classroom')).toMatchObject({ codeMarks: 0 });
  });

  it.each([
    ['Summarize this', 'summarise'],
    ['Put it into French', 'translate'],
    ['Why does my regex fail', 'code'],
    ['Solve for x', 'maths'],
    ['Which category is it', 'classify'],
    ['How are you', 'chat'],
  ])('name the task of "%s": %s', (text, task) => {
    expect(signalsOf(text)).toMatchObject({ task });
  });

  it('are finite for any text', () => {
    for (const text of ['', '\u0000', '\ud800', '你好 world', '∑∏√ \\frac']) {
      for (const value of Object.values(signalsOf(text)))
        expect(typeof value === 'string' || Number.isFinite(value)).toBe(true);
    }
    expect(signalsOf('∑∏√ \\frac')['mathMarks']).toBe(4);
  });
});
