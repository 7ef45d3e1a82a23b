const WIDTH = 30;
/** Work that is done sooner needs no bar. */
const QUIET_MS = 1000;

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0
    ? `${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}`
    : `${m}:${String(s).padStart(2, '0')}`;
}

/** `fitting [████░░] 61 %, 0:42 left` */
export function barLine(label: string, share: number, elapsedMs: number): string {
  const done = Math.min(1, Math.max(0, share));
  const filled = Math.floor(done * WIDTH);
  const left = done > 0.02 ? `, ${clock((elapsedMs * (1 - done)) / done)} left` : '';
  return `${label} [${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}] ${Math.floor(done * 100)} %${left}`;
}

/** A bar with the time that is left, for work in stages: drawn after a second; off a terminal a line for each stage. */
export function etaBar(): { tell(stage: string, share: number): void; end(): void } {
  const out = process.stderr;
  const started = performance.now();
  let stage = '';
  let since = started;
  let named = '';
  let drawn = '';
  return {
    tell(label, share) {
      const now = performance.now();
      if (label !== stage) since = now;
      stage = label;
      if (now - started < QUIET_MS) return;
      if (out.isTTY) {
        const line = barLine(label, share, now - since);
        if (line !== drawn) out.write(`\r\u001B[K${line}`);
        drawn = line;
      } else if (label !== named) out.write(`${label} …\n`);
      named = label;
    },
    end() {
      if (out.isTTY) out.write('\r\u001B[K');
    },
  };
}

/** The same for work of one stage. */
export function shareBar(label: string): { tell(share: number): void; end(): void } {
  const bar = etaBar();
  return { tell: (share) => bar.tell(label, share), end: bar.end };
}
