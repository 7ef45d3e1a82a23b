// Makes what a release consists of in release/: the package, its bill of materials (CycloneDX) and the licences of what it
// brings along. Publishes nothing. Fails on an unclean tree, an unknown licence, or a dependency that runs a script when it
// is installed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'release');
const run = (command, args) =>
  execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** Licences that allow what the MIT licence allows, or ask for no more than a notice. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

const faults = [];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
if (run('git', ['status', '--porcelain']).trim() !== '' && !process.argv.includes('--dirty')) {
  faults.push('the working tree has changes: commit them, or pass --dirty to look at the result all the same');
}
if (!readFileSync(join(root, 'CHANGELOG.md'), 'utf8').includes(`## ${version}`)) {
  faults.push(`CHANGELOG.md has no section "## ${version}"`);
}

const sbom = JSON.parse(
  run('npm', ['sbom', '--omit', 'dev', '--omit', 'optional', '--omit', 'peer', '--sbom-format', 'cyclonedx']),
);
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
const components = sbom.components
  .filter(({ scope }) => scope !== 'excluded')
  .map(({ name, version, licenses = [], purl }) => ({
    name: purl?.startsWith('pkg:npm/') ? decodeURIComponent(purl.slice(8).replace(/@[^@]*$/, '')) : name,
    version,
    licence: licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name).join(' AND '),
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
for (const { name, version, licence } of components) {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
  const allowed = choices.some((choice) => choice.split(' AND ').every((part) => ALLOWED.has(part)));
  if (!allowed) faults.push(`${name} ${version}: licence "${licence}" is not among those that are known to be fine`);
  if (lock[`node_modules/${name}`]?.hasInstallScript === true && lock[`node_modules/${name}`]?.optional !== true) {
    faults.push(`${name} ${version} runs a script when it is installed`);
  }
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
writeFileSync(join(out, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
writeFileSync(
  join(out, 'licences.md'),
  `# What signalbox ${version} brings along\n\n| package | version | licence |\n| --- | --- | --- |\n${components
    .map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
    .join('\n')}\n`,
);
for (const fault of faults) console.error(`release: ${fault}`);
if (faults.length === 0) console.log(run('npm', ['pack', '--pack-destination', 'release', '--silent']).trim());
console.log(`release: ${components.length} packages, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
