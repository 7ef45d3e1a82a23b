// Fails when a dependency that ships has a known vulnerability that is high or critical. A registry that cannot say is told, and no fault.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], { encoding: 'utf8' });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  report = {};
}
const counts = report.metadata?.vulnerabilities;
if (counts === undefined) {
  console.log('audit: skipped, the registry does not tell of vulnerabilities');
} else {
  const { high = 0, critical = 0, moderate = 0, low = 0 } = counts;
  console.log(`audit: ${critical} critical, ${high} high, ${moderate} moderate, ${low} low`);
  for (const { name, severity, via } of Object.values(report.vulnerabilities ?? {})) {
    const titles = via.map((cause) => (typeof cause === 'string' ? cause : cause.title)).join('; ');
    console.log(`  ${name} (${severity}): ${titles}`);
  }
  process.exitCode = high + critical === 0 ? 0 : 1;
}
