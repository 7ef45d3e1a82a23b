import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { benchGateway } from './gateway/gateway.ts';
import { TRAINED } from './gateway/trained.ts';
import { benchQuery } from './query.ts';
import { record, recorded } from './results.ts';
import { benchRouters } from './routers/routers.ts';
import { benchStart } from './start.ts';
import { benchStorage } from './storage/storage.ts';

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    /** Routers of the bench `routers`, by name, with commas. */
    only: { type: 'string' },
    /** Rows that they are fitted on, with commas; with it nothing is recorded. */
    rows: { type: 'string' },
  },
});

const ratio = (value: number | undefined, reference: number | undefined) =>
  ((value ?? 0) / (reference ?? Number.NaN)).toFixed(2);
/** With the load before anything was started: beside other work a ratio is no more than a hint. */
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)} before`;

const benches: Readonly<Record<string, () => Promise<string>>> = {
  async gateway() {
    const { json, jsonMicros, stream, streamMicros, firstByteMs, portkey } = await benchGateway({
      seconds: 6,
      rounds: 3,
      firstBytes: 2000,
    });
    const row = (name: string, rates: Readonly<Record<string, number>>, reference: string) =>
      `| ${name} | ${Object.entries(rates)
        .map(([who, rate]) => `${who} ${rate.toFixed(0)}/s`)
        .join(', ')} | ${ratio(rates['signalbox'], rates[reference])} × ${reference} |`;
    return [
      '| what | median of 3 rounds of 6 s, 32 connections | ratio |',
      '|---|---|---|',
      row('JSON, 400-byte request', json, 'bare'),
      ...TRAINED.map(({ name }) =>
        row(`JSON, routed by \`${name}\``, { bare: json['bare'] ?? 0, signalbox: json[name] ?? 0 }, 'bare'),
      ),
      ...(portkey === undefined ? [] : [row(`JSON, against @portkey-ai/gateway ${portkey}`, json, 'portkey')]),
      `| JSON, CPU of the main thread per request | ${Object.entries(jsonMicros)
        .map(([who, micros]) => `${who} ${micros.toFixed(0)} µs`)
        .join(', ')} | ${ratio(jsonMicros['signalbox'], jsonMicros['bare'])} × bare |`,
      row('streamed, 100 chunks', { bare: stream['bare'] ?? 0, signalbox: stream['signalbox'] ?? 0 }, 'bare'),
      `| streamed and translated to another dialect, CPU of the main thread per request | passed through ${(streamMicros['signalbox'] ?? 0).toFixed(0)} µs, translated ${(streamMicros['translated'] ?? 0).toFixed(0)} µs | ${ratio(streamMicros['translated'], streamMicros['signalbox'])} × passed through |`,
      `| first byte of a stream, p50 of 2 000 interleaved | bare ${firstByteMs.bare.toFixed(3)} ms, signalbox ${firstByteMs.signalbox.toFixed(3)} ms | +${(firstByteMs.signalbox - firstByteMs.bare).toFixed(3)} ms |`,
    ].join('\n');
  },
  async query() {
    const times = Object.entries(benchQuery(15));
    return [
      '| a 2 MB prompt, from parsed body to query | median of 15 |',
      '|---|---|',
      ...times.map(([name, ms]) => `| ${name} | ${ms.toFixed(1)} ms |`),
    ].join('\n');
  },
  async routers() {
    const list = (text: string | undefined) => text?.split(',').map((part) => part.trim());
    const only = list(values.only);
    const rows = list(values.rows)?.map(Number);
    return benchRouters({
      ...(only === undefined ? {} : { only, before: await recorded('routers') }),
      ...(rows === undefined ? {} : { rows }),
    });
  },
  async start() {
    const { node, help, serve, ready } = await benchStart(9);
    return [
      '| what | median of 9 | ratio |',
      '|---|---|---|',
      `| \`signalbox --help\` | ${help.toFixed(0)} ms | ${ratio(help, node)} × \`node -e 0\` (${node.toFixed(0)} ms) |`,
      `| \`signalbox serve\` until it listens | ${serve.toFixed(0)} ms | ${ratio(serve, node)} × |`,
      `| \`signalbox serve\` until \`/ready\` has answered | ${ready.toFixed(0)} ms | ${ratio(ready, node)} × |`,
    ].join('\n');
  },
  async storage() {
    const { drain, gateway, gatewayMicros } = await benchStorage({ requests: 20_000, rounds: 3, seconds: 6 });
    const rows = (rates: Readonly<Record<string, number>>, unit = '/s') =>
      Object.entries(rates)
        .map(([name, rate]) => `${name} ${rate.toFixed(0)}${unit}`)
        .join(', ');
    const stores = Object.keys(drain);
    return [
      '| what | median of 3 rounds | ratio |',
      '|---|---|---|',
      `| settled requests from the journal into the store, 20 000 at once | ${rows(drain)} | ${stores.map((name) => `${name} ${ratio(drain[name], 5000)} × the bar of 5 000/s`).join(', ')} |`,
      `| JSON through the gateway, 32 connections, 6 s | ${rows(gateway)} | ${stores.map((name) => `${name} ${ratio(gateway[name], gateway['off'])} × off`).join(', ')} |`,
      `| the same, CPU of the main thread per request | ${rows(gatewayMicros, ' µs')} | ${stores.map((name) => `${name} ${ratio(gatewayMicros['off'], gatewayMicros[name])} × off`).join(', ')} |`,
    ].join('\n');
  },
};

for (const name of names.length > 0 ? names : Object.keys(benches)) {
  const bench = benches[name];
  if (bench === undefined) {
    console.error(`no bench "${name}"; there are ${Object.keys(benches).join(', ')}`);
    process.exitCode = 2;
    break;
  }
  const table = await bench();
  console.log(table);
  if (values.rows === undefined) await record(name, machine, table);
}
