import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
const HEAD = `# Results

Written by \`npm run bench -- <name>\`. Ratios are measured side by side in one run; absolute numbers say little beyond the machine they come from.
`;

/** One bench's section of RESULTS.md, empty when there is none. */
export async function recorded(name: string): Promise<string> {
  const old = await readFile(FILE, 'utf8').catch(() => HEAD);
  return old.split(/^(?=## )/m).find((part) => part.startsWith(`## ${name}\n`)) ?? '';
}

/** Replaces one bench's section of RESULTS.md. */
export async function record(name: string, machine: string, table: string): Promise<void> {
  const old = await readFile(FILE, 'utf8').catch(() => HEAD);
  const sections = old.split(/^(?=## )/m);
  const section = `## ${name}\n\n${new Date().toISOString().slice(0, 10)}, ${machine}\n\n${table}\n`;
  const kept = sections.filter((part) => !part.startsWith(`## ${name}\n`)).map((part) => `${part.trimEnd()}\n`);
  await writeFile(FILE, [...kept, section].join('\n'));
}
