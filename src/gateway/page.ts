import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { SignalboxError } from '../errors.ts';
import type { GatewayContext } from './context.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** A file of the built page under `/ui/`; nothing outside its folder can be named. */
export async function page(context: GatewayContext, path: string): Promise<Response> {
  const missing = new SignalboxError('not_found', 'there is no such page; `npm run build` builds the page');
  if (context.dashboard === undefined) throw missing;
  let relative: string;
  try {
    relative = normalize(decodeURIComponent(path.slice('/ui/'.length)) || 'index.html');
  } catch {
    throw missing;
  }
  const type = TYPES[extname(relative)];
  if (type === undefined || relative.startsWith('..') || relative.startsWith(sep) || relative.includes('\0'))
    throw missing;
  const file = await readFile(join(context.dashboard, relative)).catch(() => undefined);
  if (file === undefined) throw missing;
  const fresh = relative.startsWith(`assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache';
  return new Response(new Uint8Array(file), { headers: { 'content-type': type, 'cache-control': fresh, ...SECURITY } });
}
