import { defineCommand } from 'citty';
import { checkForget } from '../chat-options.ts';
import { systemClock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import { createIds } from '../id.ts';
import { forget } from '../ledger/forget.ts';
import { print, printJson } from './print.ts';
import { SOURCE_ARGS } from './source.ts';
import { momentOf, withStore, zoneOf } from './usage-window.ts';

/** `signalbox forget`: works on the store, whether or not a gateway runs on it. */
export const forgetCommand = defineCommand({
  meta: {
    name: 'forget',
    description:
      'Forget prompts, what was read of requests, comments, and names of sessions and end users. Money stays. It cannot be undone',
  },
  args: {
    ...SOURCE_ARGS,
    key: { type: 'string', description: 'Requests of this key', valueHint: 'name' },
    session: { type: 'string', description: 'Requests of this session', valueHint: 'name' },
    user: { type: 'string', description: 'Requests of this end user', valueHint: 'name' },
    before: { type: 'string', description: 'Requests before then: a date, a time, or how long ago (30d)' },
    zone: { type: 'string', default: 'UTC', description: 'Time zone of a date, such as Europe/Berlin' },
  },
  async run({ args }) {
    const { key, session, user } = args;
    const now = systemClock.now();
    const before = args.before === undefined ? undefined : momentOf(args.before, 'before', zoneOf(args.zone), now);
    if ([key, session, user].includes('')) {
      throw new SignalboxError('invalid_request', '--key, --session and --user take a name, not an empty one');
    }
    const whose = checkForget({ key, session, user, before });
    const done = await withStore(args, (store, { storage }) => {
      if (storage.url === 'memory:') {
        throw new SignalboxError(
          'config_invalid',
          'storage.url is "memory:": only the gateway itself can forget (POST /router/v1/forget)',
        );
      }
      // A gateway's journal is its own: what comes from it from now on is stored without what is to be forgotten.
      const ledger = { store, flush: async () => true };
      return forget(ledger, whose, { id: createIds(systemClock, Math.random)(), now });
    });
    if (args.json === true) return printJson(done);
    const { requests, prompts, feedback } = done;
    print(
      `forgot ${prompts} prompts, the names and signals of ${requests} requests, and the words of ${feedback} scores`,
      'a gateway that runs forgets the rest, in its memory and its journal, within 5 seconds; backups keep what they have',
    );
  },
});
