/** A wire format that a client or a provider speaks. */
export type Dialect =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic'
  | 'ollama'
  | 'ollama-generate'
  | 'openai-embeddings';

/** Tokens of one upstream call. `input` includes what was read from and written to cache. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Part of `input` that was read from the prompt cache. */
  readonly cacheRead?: number;
  /** Part of `input` that was written to the prompt cache. */
  readonly cacheWrite?: number;
  /** Part of `cacheWrite` that is kept for an hour, which costs more than the usual five minutes. */
  readonly cacheWriteHour?: number;
  /** Part of `output`. */
  readonly reasoning?: number;
  /** Parts of `input` and `output` that are sound or images, where the provider counts them apart. */
  readonly audioInput?: number;
  readonly audioOutput?: number;
  readonly imageInput?: number;
  readonly imageOutput?: number;
  /** How often the provider searched the web, which it charges by the search. */
  readonly webSearches?: number;
  /** True when the provider did not say and the numbers are ours. */
  readonly estimated?: boolean;
  /** True while the answer is not over: `output` is what had been counted by then. */
  readonly partial?: boolean;
}

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'error' | 'other';

/** A mark for the provider's prompt cache, as its dialect writes it; it stays on the part it was on. */
interface CacheMark {
  readonly cacheControl?: unknown;
}

export interface TextPart extends CacheMark {
  readonly type: 'text';
  readonly text: string;
}

/** What a model thought. Proofs of it are valid for the model that made them only. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** Anthropic's signature of `text`. */
  readonly signature?: string;
  /** Anthropic's reasoning that nobody may read. */
  readonly redacted?: string;
  /** OpenAI's reasoning item, encrypted. */
  readonly encrypted?: string;
  /** Id of OpenAI's reasoning item. */
  readonly id?: string;
}

export interface FilePart extends CacheMark {
  readonly type: 'file';
  /** `image/*` where the caller did not say which. */
  readonly mediaType: string;
  /** Base64, or where the provider finds it: never fetched here. */
  readonly data: string | URL;
  readonly filename?: string;
  /** OpenAI's `detail` of an image. */
  readonly detail?: string;
}

export interface ToolCallPart extends CacheMark {
  readonly type: 'tool-call';
  readonly toolCallId: string;
  readonly toolName: string;
  /** Arguments as JSON text. */
  readonly input: string;
}

export interface ToolResultPart extends CacheMark {
  readonly type: 'tool-result';
  readonly toolCallId: string;
  /** Empty where the dialect does not say it. */
  readonly toolName: string;
  readonly output: string;
  /** Images and documents of the result. */
  readonly files?: readonly FilePart[];
  readonly isError?: boolean;
}

/** One part of a message; names follow LanguageModelV3. */
export type ChatPart = TextPart | ReasoningPart | FilePart | ToolCallPart | ToolResultPart;

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: readonly ChatPart[];
}

export interface ChatTool extends CacheMark {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema. */
  readonly inputSchema: unknown;
  readonly strict?: boolean;
}

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** A request in no dialect: what every dialect is translated through. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ChatTool[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  /** False forbids several calls in one answer. */
  readonly parallelToolCalls?: boolean;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** Answers wanted; more than one only where the dialect can. */
  readonly n?: number;
  readonly responseFormat?: {
    readonly type: 'json';
    readonly schema?: unknown;
    readonly name?: string;
    readonly strict?: boolean;
  };
  readonly reasoning?: { readonly effort?: ReasoningEffort; readonly budgetTokens?: number };
  /** The end user, as the caller names them to the provider. */
  readonly user?: string;
  readonly stream: boolean;
  /** Paths of what the body says and this type cannot: told to the caller when the request is translated. */
  readonly unknown?: readonly string[];
}

/** One event of an answer; names follow LanguageModelV3 stream parts. */
export type ChatEvent =
  | { readonly type: 'response-metadata'; readonly id?: string; readonly model?: string; readonly createdAt?: number }
  | { readonly type: 'text-delta'; readonly delta: string }
  | {
      readonly type: 'reasoning-delta';
      readonly delta: string;
      /** At the end of the text that it signs. */
      readonly signature?: string;
      /** A part of its own: nobody may read it. */
      readonly redacted?: string;
      readonly encrypted?: string;
      readonly id?: string;
    }
  | {
      readonly type: 'tool-call-delta';
      /** Counts the answer's tool calls from 0. */
      readonly index: number;
      /** With the first delta of a call, as the name. */
      readonly toolCallId?: string;
      readonly toolName?: string;
      /** Of the arguments' JSON text. */
      readonly delta: string;
    }
  /** Replaces what was told before. */
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly finishReason: FinishReason; readonly stopSequence?: string }
  /** The provider is alive and says nothing. */
  | { readonly type: 'ping' }
  | {
      readonly type: 'error';
      readonly message: string;
      /** Its own code where that is an HTTP status, else 500. */
      readonly status?: number;
      /** The error as JSON, for the phrases in it. */
      readonly text?: string;
    };
