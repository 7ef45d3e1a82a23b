/** A cell's value. */
export type CsvValue = string | number | boolean | null;

/**
 * One cell by RFC 4180. Text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, one of them
 * in full width, a tab or a line break) gets an apostrophe before it (OWASP, “CSV Injection”); numbers stay numbers.
 */
export function csvCell(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line, its end included. */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(csvCell).join(',')}\r\n`;
}
