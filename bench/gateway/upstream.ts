/** The upstream that every contender talks to: a fixed JSON answer, or 100 SSE chunks. */
import { createServer } from 'node:http';

const CHUNKS = 100;

const whole = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'bench-model',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'A short answer of a few words.' }, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 80, completion_tokens: 8, total_tokens: 88 },
  }),
);

function chunk(delta: object, finish: string | null = null, more: object = {}): Buffer {
  const body = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'bench-model' };
  return Buffer.from(
    `data: ${JSON.stringify({ ...body, choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`,
  );
}

const first = chunk({ role: 'assistant', content: '' });
const middle = chunk({ content: ' word' });
const last = chunk({}, 'stop');
const usage = Buffer.from(
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench-model', choices: [], usage: { prompt_tokens: 80, completion_tokens: 98, total_tokens: 178 } })}\n\n`,
);
const done = Buffer.from('data: [DONE]\n\n');

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts).toString('latin1');
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(first);
    let sent = 1;
    const step = () => {
      // A turn of the event loop between chunks, so that they travel as separate packets as a model's would.
      if (sent++ < CHUNKS - 1) {
        response.write(middle);
        setImmediate(step);
        return;
      }
      response.write(last);
      if (body.includes('"include_usage":true')) response.write(usage);
      response.end(done);
    };
    setImmediate(step);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(`listening ${address.port}`);
});
