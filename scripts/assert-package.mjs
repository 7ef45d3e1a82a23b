// Fails when the built package holds test code, or imports what it would not find where it is installed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const installed = new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));

const testCode = /(?:\.test|conformance[^/]*|fixtures)\.(?:js|d\.ts)$/;
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const specifiers =
  /\b(?:from |import |import\()(['"])([^'"\n]+)\1|new URL\((['"])(\.?\.?\/?[^'"\n]+\.js)\3, import\.meta\.url\)/g;

const packageOf = (name) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

const isThere = (file, name) =>
  existsSync(new URL(file.endsWith('.d.ts') ? name.replace(/(?<!\.d)\.ts$/, '.d.ts') : name, pathToFileURL(file)));

function faultsOf(file, name) {
  if (name.startsWith('node:') || installed.has(packageOf(name)) || isThere(file, name)) return [];
  return [`${file}: ${name} is neither in the package nor one of its dependencies`];
}

const files = readdirSync(dist, { recursive: true })
  .filter((name) => !name.startsWith('dashboard') && /\.(?:js|d\.ts)$/.test(name))
  .map((name) => join(dist, name));
const faults = files
  .filter((file) => testCode.test(file))
  .map((file) => `${file}: test code (remove dist, build again)`);
for (const file of files) {
  const source = readFileSync(file, 'utf8').replaceAll(comments, '');
  for (const found of source.matchAll(specifiers)) {
    faults.push(...faultsOf(file, found[2] ?? found[4]));
  }
}
if (files.length === 0) faults.push(`${dist} is empty: npm run build`);
for (const fault of faults) console.error(fault);
console.log(`package: ${files.length} files, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
