import type { LanguageModelV3StreamPart } from '@ai-sdk/provider';
import type { ChatEvent } from '../protocol/chat.ts';

type Part = LanguageModelV3StreamPart;

/** Writes the events of one answer as parts of the AI SDK's stream. */
export interface PartWriter {
  write(event: ChatEvent): readonly Part[];
  /** Ends what is open: a text, or the tools' inputs. */
  end(): readonly Part[];
}

interface OpenCall {
  readonly id: string;
  readonly name: string;
  input: string;
}

/** Texts and reasoning are never open together; calls stay open to the end, since their deltas may alternate. */
export function createPartWriter(): PartWriter {
  let open: { readonly kind: 'text' | 'reasoning'; readonly id: string } | undefined;
  let blocks = 0;
  const calls = new Map<number, OpenCall>();

  const close = (): Part[] => {
    if (open === undefined) return [];
    const { kind, id } = open;
    open = undefined;
    return [{ type: `${kind}-end`, id }];
  };
  const words = (kind: 'text' | 'reasoning', delta: string): Part[] => {
    if (delta === '') return [];
    const before = open?.kind === kind ? [] : close();
    const begun = open === undefined;
    open ??= { kind, id: String(blocks++) };
    const { id } = open;
    const part: Part = { type: `${kind}-delta`, id, delta };
    return begun ? [...before, { type: `${kind}-start`, id }, part] : [part];
  };
  const callDelta = ({
    index,
    toolCallId,
    toolName,
    delta,
  }: Extract<ChatEvent, { type: 'tool-call-delta' }>): Part[] => {
    const known = calls.get(index);
    const call = known ?? { id: toolCallId ?? `call_${index}`, name: toolName ?? '', input: '' };
    calls.set(index, call);
    call.input += delta;
    const begin: Part[] =
      known === undefined ? [...close(), { type: 'tool-input-start', id: call.id, toolName: call.name }] : [];
    return delta === '' ? begin : [...begin, { type: 'tool-input-delta', id: call.id, delta }];
  };

  return {
    write(event) {
      switch (event.type) {
        case 'response-metadata':
          return [
            {
              type: 'response-metadata',
              ...(event.id === undefined ? {} : { id: event.id }),
              ...(event.model === undefined ? {} : { modelId: event.model }),
              ...(event.createdAt === undefined ? {} : { timestamp: new Date(event.createdAt * 1000) }),
            },
          ];
        case 'text-delta':
          return words('text', event.delta);
        case 'reasoning-delta':
          return words('reasoning', event.delta);
        case 'tool-call-delta':
          return callDelta(event);
        default:
          return [];
      }
    },
    end() {
      const ended = [...calls.values()].flatMap(({ id, name, input }): Part[] => [
        { type: 'tool-input-end', id },
        { type: 'tool-call', toolCallId: id, toolName: name, input: input === '' ? '{}' : input },
      ]);
      calls.clear();
      return [...close(), ...ended];
    },
  };
}
