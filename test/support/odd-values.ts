/** Uniform in [0, 1). */
type Random = () => number;

/** One of a list. */
export function pick<T>(list: readonly T[], random: Random): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new RangeError('an empty list');
  return found;
}

const TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  '💥'.repeat(50),
  'a'.repeat(5000),
  '../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  "'; drop table requests; --",
  '" or 1=1',
  '${jndi:ldap://x}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '\r\nset-cookie: a=b',
  '%',
  '%zz',
  '%00',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e999',
  '9'.repeat(400),
  '__proto__',
  'constructor',
  'toString',
  'auto',
  'auto:cost',
  'role/',
  'role/r',
  'small',
  'one/x',
  'one:',
  ',',
  '=',
  'a=b,c',
  'keepQuality=',
  'budgetPer1k=-1',
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'data:image/png;base64,AAAA',
  'limit=0',
  'after=%27',
  'since=x&until=y',
  'by=shoe',
  '[]',
  '{}',
  'sb-',
  'Bearer',
  '127.0.0.1:99999',
  'localhost.evil.example',
  '[::1',
  '\u00e9\u00e8',
];

/** A text that something may trip over. */
export function oddText(random: Random): string {
  const text = pick(TEXTS, random);
  if (random() < 0.7) return text;
  const noise = Array.from({ length: Math.floor(random() * 40) }, () =>
    String.fromCodePoint(Math.floor(random() * 0x3000)),
  );
  return text + noise.join('');
}

/** A value of any type. */
function oddValue(random: Random, depth = 0): unknown {
  const kind = Math.floor(random() * 12);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return pick([0, -0, -1, 1.5, 1e308, 5e-324, 2 ** 53, -(2 ** 63), 1e21], random);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return depth > 3 ? 0 : Array.from({ length: Math.floor(random() * 5) }, () => oddValue(random, depth + 1));
    case 6:
      return depth > 3 ? 0 : Object.fromEntries([[oddText(random), oddValue(random, depth + 1)]]);
    case 7: {
      let deep: unknown = 1;
      for (let n = 0; n < 200; n++) deep = random() < 0.5 ? [deep] : { a: deep };
      return deep;
    }
    default:
      return oddText(random);
  }
}

/** A copy in which some values are others, some members are gone, and some are new. */
export function mutate(value: unknown, random: Random): unknown {
  if (random() < 0.06) return oddValue(random);
  if (Array.isArray(value)) {
    const list = value.map((item) => mutate(item, random));
    if (random() < 0.05) list.push(oddValue(random));
    return random() < 0.03 ? list.flatMap((item) => [item, item]) : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(() => random() > 0.03)
    .map(([name, member]) => [name, mutate(member, random)]);
  if (random() < 0.1) members.push([oddText(random), oddValue(random)]);
  return Object.fromEntries(members);
}

/** A value as bytes; now and then cut, doubled, or with bytes that do not belong there. */
export function bytesOf(value: unknown, random: Random, often = false): Buffer {
  const bytes = Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  if (random() > (often ? 0.8 : 0.25)) return bytes;
  const at = Math.floor(random() * (bytes.length + 1));
  switch (Math.floor(random() * 5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(oddText(random)), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes, bytes]);
    case 3: {
      const copy = Buffer.from(bytes);
      for (let n = 0; n < 5; n++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
      return copy;
    }
    default:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
  }
}
