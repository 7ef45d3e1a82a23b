/** The reference line: node:http in, undici out, bytes piped, nothing else. */
import { createServer } from 'node:http';
import { Agent } from 'undici';

const upstream = process.argv[2] ?? '';
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    agent
      .request({
        origin: upstream,
        path: request.url ?? '/',
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
        body: Buffer.concat(parts),
        signal: controller.signal,
      })
      .then(({ statusCode, headers, body }) => {
        response.writeHead(statusCode, { 'content-type': headers['content-type'] ?? 'application/json' });
        body.on('error', () => response.destroy());
        body.pipe(response);
      })
      .catch(() => response.destroy());
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(`listening ${address.port}`);
});
