/** Writes a value as JSON on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item), 2)}\n`,
  );
}

/** Writes lines on stdout. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A plain table: columns as wide as their widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
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

/** A bar for anything over a second: drawn on a terminal, silent elsewhere. */
export function progress(label: string, total: number): { step(): void; end(): void } {
  const out = process.stderr;
  if (!out.isTTY) return { step() {}, end() {} };
  let done = 0;
  let drawn = -1;
  const draw = () => {
    const filled = Math.floor((done / Math.max(1, total)) * 30);
    if (filled === drawn && done < total) return;
    drawn = filled;
    out.write(`\r${label} [${'█'.repeat(filled)}${'░'.repeat(30 - filled)}] ${done}/${total}`);
  };
  draw();
  return {
    step() {
      done++;
      draw();
    },
    end() {
      out.write('\r\u001B[K');
    },
  };
}

/** The same for work that tells which share of it is done, 0..1. */
export function shareBar(label: string): { tell(share: number): void; end(): void } {
  const bar = progress(label, 100);
  let shown = 0;
  return {
    tell(share) {
      for (; shown < Math.floor(share * 100); shown++) bar.step();
    },
    end: () => bar.end(),
  };
}
