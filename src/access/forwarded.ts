import type { HeaderReader } from '../protocol/headers.ts';

/** What reverse proxies, tunnels and content networks add; one is enough. */
const HEADERS = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-server',
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-original-forwarded-for',
  'x-envoy-external-address',
  'tailscale-user-login',
];

/** Whether a proxy on this machine speaks for a caller who may be on another: what it forwards is not local. */
export const isForwarded = (header: HeaderReader): boolean => HEADERS.some((name) => header(name) !== undefined);
