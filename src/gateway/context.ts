import type { IncomingMessage } from 'node:http';
import type { Access, Identity } from '../access/access.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import type { Engine } from '../signalbox.ts';

/** What the Node server passes beside a request; absent when the app is mounted elsewhere or tested in memory. */
export interface NodeBindings {
  readonly incoming?: IncomingMessage;
}

/** Hono's type parameter for this gateway. */
export interface GatewayEnv {
  Bindings: NodeBindings & { readonly admitted: Admitted };
}

/** What every route is given. */
export interface GatewayContext {
  readonly engine: Engine;
  readonly access: Access;
  /** True while the gateway is draining: new requests are refused. */
  readonly draining: () => boolean;
  /** Aborts when the gateway closes: ends streams that would never end. */
  readonly closing: AbortSignal;
  /** Folder of the built page; left out = no page. */
  readonly dashboard?: string;
}

/** A request that has passed the guard. */
export interface Admitted {
  /** The request's id. */
  readonly id: string;
  readonly identity: Identity;
  /** What the caller was let in by; `none` at this machine and at what is open to everyone. */
  readonly by: 'key' | 'login' | 'none';
  readonly header: HeaderReader;
  /** From `/role/<name>/…`. */
  readonly role?: string;
  /** Clock reading at ingress. */
  readonly started: number;
}
