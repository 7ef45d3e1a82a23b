import { hash, randomBytes } from 'node:crypto';

const PREFIX = 'sb-';
/** Any key: those of a configuration are chosen by people. Longer ones are no keys of ours, and are not hashed. */
const FORM = /^sb-[\x21-\x7e]{17,197}$/;
/** Names are part of paths, and stand in the ledger and the log. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Makes a key of 256 random bits. Whoever has it may ask: it is shown once and kept as its {@link digestOf} only. */
export function makeKey(random: (size: number) => Uint8Array = randomBytes): string {
  return PREFIX + Buffer.from(random(32)).toString('base64url');
}

/** Whether a credential claims to be a Signalbox key. */
export const isOurs = (credential: string): boolean => credential.startsWith(PREFIX);

/** Whether a text has the form of a key: prefix, length, alphabet. */
export const hasKeyForm = (text: string): boolean => FORM.test(text);

/** Whether a stored key may be called so. */
export const isKeyName = (name: string): boolean => NAME.test(name);

/** What {@link isKeyName} takes, in words. */
export const KEY_NAME_FORM =
  'a name has 1 to 64 letters, digits, dots, dashes, underscores or @, and begins with a letter or a digit';

/** SHA-256 of a key: all that is kept of it. */
export const digestOf = (key: string): Buffer => hash('sha256', key, 'buffer');
