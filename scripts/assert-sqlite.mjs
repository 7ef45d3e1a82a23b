// Fails when no SQLite driver really loads: a fallback to memory would lose the ledger in silence.
import { openStore } from '../dist/ledger/open-store.js';

const store = await openStore('memory:', { clock: { now: () => Date.now(), elapsed: () => performance.now() } });
console.log(`SQLite driver: ${store.driver} on Node ${process.version}`);
await store.close();
