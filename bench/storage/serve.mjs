// A gateway of the built package whose requests go to the ledger, or with "off" nowhere.
import { readFileSync } from 'node:fs';
import { checkedConfig } from '../../dist/checked.js';
import { serveGateway } from '../../dist/gateway/serve.js';
import { openEngine } from '../../dist/signalbox.js';

const [path, ledger] = process.argv.slice(2);
const engine = await openEngine(await checkedConfig(JSON.parse(readFileSync(path, 'utf8')), {}), { thread: true });
if (ledger === 'off') {
  const nothing = {
    intend() {},
    settle() {},
    score() {},
    grouped: () => Promise.resolve(),
    trouble: null,
    async close() {},
  };
  Object.assign(engine.runtime, { journal: nothing });
}
const gateway = await serveGateway({ engine });
await engine.prepare();
console.log(`listening ${new URL(gateway.url).port}`);
async function end() {
  await gateway.close();
  await engine.close();
  process.exit(0);
}
process.once('SIGTERM', () => void end());
