import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pickSqlite } from '../../src/ledger/sqlite.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { TestGateway } from './gateway.ts';

/** A log that keeps all it is told, at every level, as text. */
export function listening(): { readonly log: Log; text(): string } {
  const lines: string[] = [];
  const write: Log['debug'] = (fields, message) => void lines.push(JSON.stringify([fields, message]));
  return { log: { debug: write, info: write, warn: write, error: write }, text: () => lines.join('\n') };
}

/** Every byte of a folder's files, as text. */
export async function bytesIn(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
  return texts.join('\n');
}

/** All rows of a gateway's store that hold a text, table by table. */
export async function tablesWith(gateway: TestGateway, text: string): Promise<Readonly<Record<string, number>>> {
  const db = (await pickSqlite())(join(gateway.folder, 'ledger.db'));
  const ask = (sql: string) => db.prepare(sql).all([]) as Record<string, unknown>[];
  const found = ask("select name from sqlite_master where type = 'table'").flatMap(({ name }) => {
    const rows = ask(`select * from "${String(name)}"`).filter((row) =>
      Object.values(row).some((value) => String(value).toLowerCase().includes(text.toLowerCase())),
    );
    return rows.length === 0 ? [] : [[String(name), rows.length] as const];
  });
  db.close();
  return Object.fromEntries(found);
}
