import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3StreamPart,
} from '@ai-sdk/provider';

/** What a tiny model's factory is given. */
interface TinySettings {
  readonly apiKey?: string;
  readonly baseURL?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly greeting?: string;
}

const usage = {
  inputTokens: { total: 12, noCache: 7, cacheRead: 3, cacheWrite: 2 },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
};
const finish = { type: 'finish', usage, finishReason: { unified: 'stop', raw: 'END' } } as const;

/** Says what it was called with. */
function echo(settings: TinySettings, options: LanguageModelV3CallOptions): string {
  return JSON.stringify({ settings, options: { ...options, abortSignal: undefined } });
}

const CALL = {
  type: 'tool-call',
  toolCallId: 't1',
  toolName: 'look',
  input: '{"at":"cat"}',
  providerMetadata: { tiny: { thoughtSignature: 'signed', other: 1 } },
} as const;

/** What each model answers, by its name. */
function contentOf(
  name: string,
  settings: TinySettings,
  options: LanguageModelV3CallOptions,
): readonly LanguageModelV3Content[] {
  switch (name) {
    case 'tools':
      // Called once; then it says what it was told.
      if (options.prompt.some(({ role }) => role === 'assistant')) return contentOf('echo', settings, options);
      return [
        { ...CALL, toolCallId: 'web', providerExecuted: true },
        { type: 'tool-result', toolCallId: 'web', toolName: 'web', result: 'found' },
        CALL,
      ];
    case 'thinks':
      return [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: settings.greeting ?? 'Hello' },
      ];
    default:
      return [{ type: 'text', text: echo(settings, options) }];
  }
}

function partsOf(content: readonly LanguageModelV3Content[]): LanguageModelV3StreamPart[] {
  return content.flatMap((part, i): LanguageModelV3StreamPart[] => {
    if (part.type !== 'text' && part.type !== 'reasoning') return [part];
    const id = String(i);
    return [
      { type: `${part.type}-start`, id },
      { type: `${part.type}-delta`, id, delta: part.text },
      { type: `${part.type}-end`, id },
    ];
  });
}

const thrownBy = (name: string): unknown => {
  const error = (fields: object) => Object.assign(new Error(`about ${name}`), fields);
  switch (name) {
    case 'no-key':
      return error({ name: 'AI_LoadAPIKeyError' });
    case 'unsupported':
      return error({ name: 'AI_UnsupportedFunctionalityError' });
    case 'unreachable':
      return error({ cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
    default:
      return undefined;
  }
};

/** Models called `hangs…` never say another word, and heed no signal. */
const forever = () => new Promise<never>(() => {});

function model(name: string, settings: TinySettings): LanguageModelV3 {
  return {
    specificationVersion: 'v3',
    provider: 'tiny.chat',
    modelId: name,
    supportedUrls: {},
    async doGenerate(options) {
      if (name === 'hangs') return forever();
      const thrown = thrownBy(name);
      if (thrown !== undefined) throw thrown;
      const finishReason = name === 'errs' ? ({ unified: 'error', raw: 'MALFORMED' } as const) : finish.finishReason;
      return {
        content: [...contentOf(name, settings, options)],
        finishReason,
        usage,
        response: {
          id: 'tiny-1',
          modelId: 'tiny-model',
          timestamp: new Date(1_760_000_000_000),
          headers: { 'X-A': 'b' },
        },
        warnings: [],
      };
    },
    async doStream(options) {
      if (name === 'hangs') return forever();
      const thrown = thrownBy(name);
      if (thrown !== undefined) throw thrown;
      const said = partsOf(contentOf(name, settings, options));
      const ends: Readonly<Record<string, readonly LanguageModelV3StreamPart[]>> = {
        'fails-at-once': [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
        'fails-late': [...said, { type: 'error', error: { type: 'api_error', message: 'broken' } }],
        errs: [{ ...finish, finishReason: { unified: 'error', raw: 'MALFORMED' } }],
        'ends-early': said,
        cut: [...said, { ...finish, finishReason: { unified: 'other', raw: undefined } }],
        'hangs-late': said,
      };
      const parts: LanguageModelV3StreamPart[] = [
        { type: 'stream-start', warnings: [] },
        { type: 'response-metadata', id: 'tiny-1', modelId: 'tiny-model' },
        ...(ends[name] ?? [...said, finish]),
      ];
      return {
        stream: new ReadableStream({
          start(controller) {
            for (const part of parts) controller.enqueue(part);
            if (name !== 'hangs-late') controller.close();
          },
        }),
      };
    },
  };
}

/** A provider in the AI SDK's form. */
export function createTiny(settings: TinySettings): { languageModel(name: string): LanguageModelV3 } {
  return { languageModel: (name) => model(name, settings) };
}
