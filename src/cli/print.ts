import { harmless, harmlessLine } from '../telemetry/harmless.ts';

/** Writes a value as JSON on stdout. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item), 2);
  process.stdout.write(`${harmless(json)}\n`);
}

/** Writes lines on stdout. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${harmless(lines.join('\n'))}\n`);
}

/** Says on stderr what is beside the result, so that the result alone goes down a pipe. */
export function note(line: string): void {
  process.stderr.write(`signalbox: ${harmless(line)}\n`);
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A plain table: columns as wide as their widest cell. */
export function table(columns: readonly Column[], written: readonly (readonly string[])[]): string {
  const rows = written.map((row) => row.map(harmlessLine));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        return column.align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join('\n');
}
