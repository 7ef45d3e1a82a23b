import { group, runnable } from './runnable.ts';
import { exportCommand } from './usage-export.ts';
import { history } from './usage-history.ts';
import { reconcileCommand } from './usage-reconcile.ts';
import { pricesCommand, repriceCommand } from './usage-reprice.ts';
import { show } from './usage-show.ts';

export const usage = group(
  'usage',
  {
    show: runnable(show, 'usage'),
    history: runnable(history, 'usage'),
    export: runnable(exportCommand, 'usage'),
    reconcile: runnable(reconcileCommand, 'usage'),
    reprice: runnable(repriceCommand, 'usage'),
    prices: runnable(pricesCommand, 'usage'),
  },
  'show',
);
