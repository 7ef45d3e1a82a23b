/** A path with its role prefix taken off and doubled slashes made one; a slash at its end does not count. */
export interface GatewayPath {
  readonly path: string;
  /** From `/role/<name>/…`, still percent-encoded. */
  readonly role?: string;
}

const ROLE = '/role/';
/** The page refers to its parts by paths relative to this one. */
const PAGE = '/ui/';

function pathOf(url: string): string {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2);
  if (start === -1) return '/';
  let end = url.length;
  for (let i = start; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code === 63 || code === 35) {
      end = i;
      break;
    }
  }
  return url.slice(start, end);
}

/** Splits the path of an absolute URL, or of a target as it stands in a request line. */
export function splitPath(url: string): GatewayPath {
  let path = pathOf(url);
  if (path.includes('//')) path = path.replaceAll(/\/{2,}/g, '/');
  if (path.endsWith('/') && path.length > 1 && path !== PAGE) path = path.slice(0, -1);
  if (!path.startsWith(ROLE)) return { path };
  const end = path.indexOf('/', ROLE.length);
  const role = end === -1 ? path.slice(ROLE.length) : path.slice(ROLE.length, end);
  return role === '' ? { path } : { path: end === -1 ? '/' : path.slice(end), role };
}
