import { codecConformance } from '../conformance.ts';
import { openaiResponses } from './codec.ts';

codecConformance(openaiResponses, {
  request: {
    model: 'auto',
    stream: true,
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
          { type: 'input_text', text: 'And that?' },
        ],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'a', name: 'look', arguments: '{}', status: 'completed' },
      { type: 'function_call_output', call_id: 'a', output: 'a cat' },
    ],
    tools: [{ type: 'function', name: 'look', description: 'Looks', parameters: { type: 'object' }, strict: true }],
    text: { format: { type: 'json_object' } },
    reasoning: { effort: 'low' },
    max_output_tokens: 50,
  },
  parsed: {
    model: 'auto',
    stream: true,
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'file', mediaType: 'image/png', data: 'AA==', detail: 'low' },
          { type: 'text', text: 'And that?' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 'look', input: '{}' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', toolName: '', output: 'a cat' }] },
    ],
    tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' }, strict: true }],
    responseFormat: { type: 'json' },
    reasoning: { effort: 'low' },
    maxOutputTokens: 50,
  },
  counts: ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'],
  answer:
    '{"id":"resp_1","object":"response","created_at":7,"status":"completed","model":"m","error":null,"output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}\n',
});
