import { createHash } from 'node:crypto';

/** A Lua script that Redis keeps by its hash. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') });

/** Redis cuts the fractions off the numbers that a script returns. */
const EXACT = `local function exact(x) return string.format('%.17g', x) end
local function grants(grant, left, n)
  if grant == 'always' then return true elseif grant == 'any' then return left > 0 else return left >= n end
end
`;

/** A bucket. KEYS: bucket. ARGV: now, n, max, per, grant. Returns granted, milliseconds to wait, used. */
const takeRate = script(`${EXACT}
local now, n, max, per, grant = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(kept[1]) or max, tonumber(kept[2]) or now
if now > at then
  level = level + (now - at) * max / per
  at = now
end
level = math.min(max, level)
local granted = grants(grant, level, n)
local wait = 0
if granted then
  level = level - n
else
  local wanted = grant == 'any' and 0 or n
  wait = wanted > max and per or math.ceil((wanted - level) * per / max)
  wait = math.max(1, wait)
end
redis.call('HSET', KEYS[1], 'level', exact(level), 'at', exact(at))
redis.call('PEXPIRE', KEYS[1], math.ceil((max - level) * per / max) + 60000)
return { granted and 1 or 0, exact(wait), exact(max - level) }`);

/** Gives back to a bucket. KEYS: bucket. ARGV: now, unused, max, per. One that is gone is full. */
const releaseRate = script(`${EXACT}
local unused, max, per = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = math.min(max, (tonumber(kept[1]) or max) + unused)
redis.call('HSET', KEYS[1], 'level', exact(level), 'at', kept[2] or ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil((max - level) * per / max) + 60000)
return 1`);

/**
 * A sum, and each process's part of it. KEYS: sum. ARGV: process, n, max, grant, milliseconds it is kept, generation if it
 * begins now, what was used before (empty = unknown), own part of that. Returns granted, used, generation; or nothing
 * when nobody has said what was used before.
 */
const takeQuota = script(`${EXACT}
local n, max, grant = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local part = 'p:' .. ARGV[1]
local kept = redis.call('HMGET', KEYS[1], 'used', 'generation', part)
local used, generation, mine = tonumber(kept[1]), kept[2], tonumber(kept[3]) or 0
if not used then
  if ARGV[7] == '' then return {} end
  mine = tonumber(ARGV[8])
  used, generation = tonumber(ARGV[7]) + mine, ARGV[6]
end
local granted = grants(grant, max - used, n)
if granted then used, mine = used + n, mine + n end
if granted or not kept[1] then
  redis.call('HSET', KEYS[1], 'used', exact(used), 'generation', generation, part, exact(mine))
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return { granted and 1 or 0, exact(used), generation }`);

/** Changes the own part of a sum. KEYS: sum. ARGV: process, change, generation. Returns used; nothing when it is another sum by now. */
const changeQuota = script(`${EXACT}
local part, change = 'p:' .. ARGV[1], tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'used', 'generation', part)
if not kept[1] or kept[2] ~= ARGV[3] then return {} end
local used = math.max(0, tonumber(kept[1]) + change)
redis.call('HSET', KEYS[1], 'used', exact(used), part, exact((tonumber(kept[3]) or 0) + change))
return { exact(used) }`);

/**
 * Sets the own part of a sum, whatever of it has come through before. KEYS: sum. ARGV: process, own part, known
 * generation (empty = none), own part where the sum began anew, generation if it begins now (empty = it must not),
 * milliseconds it is kept. Returns used, generation, own part; nothing when there is no sum.
 */
const settleQuota = script(`${EXACT}
local part = 'p:' .. ARGV[1]
local kept = redis.call('HMGET', KEYS[1], 'used', 'generation', part)
local used, generation = tonumber(kept[1]), kept[2]
local mine = tonumber((ARGV[3] == '' or ARGV[3] == generation) and ARGV[2] or ARGV[4])
if not used then
  if ARGV[5] == '' then return {} end
  used, generation = 0, ARGV[5]
  mine = tonumber(ARGV[4])
end
used = math.max(0, used + mine - (tonumber(kept[3]) or 0))
redis.call('HSET', KEYS[1], 'used', exact(used), 'generation', generation, part, exact(mine))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return { exact(used), generation, exact(mine) }`);

/**
 * Places that are held. KEYS: holders, processes. ARGV: now, n, max, ttl, holder. Returns granted, held. A holder is
 * `<process>.<number>`, and those of processes that do not live any more hold nothing.
 */
const takeParallel = script(`${EXACT}
local now, n, max, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', exact(now))
local held = 0
for _, holder in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local some, process = string.match(holder, '^([^:]+):(.*)%.%d+$')
  if redis.call('ZSCORE', KEYS[2], process) then held = held + tonumber(some)
  else redis.call('ZREM', KEYS[1], holder) end
end
if held + n > max then return { 0, exact(held) } end
redis.call('ZADD', KEYS[1], exact(now + ttl), ARGV[2] .. ':' .. ARGV[5])
if redis.call('PTTL', KEYS[1]) < ttl + 60000 then redis.call('PEXPIRE', KEYS[1], ttl + 60000) end
return { 1, exact(held + n) }`);

/** Frees places. KEYS: holders. ARGV: holder as it is kept. */
const freeParallel = script(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

/** Writes cells and tells everybody in the same order. KEYS: cells. ARGV: channel, message, then value and milliseconds by cell. */
const writeCells = script(`
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1 + 2 * i], 'PX', ARGV[2 + 2 * i]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1`);

/** Reads cells. KEYS: cells. Returns value and milliseconds left of each; an empty value where there is none. */
const readCells = script(`
local found = {}
for _, key in ipairs(KEYS) do
  found[#found + 1] = redis.call('GET', key) or ''
  found[#found + 1] = redis.call('PTTL', key)
end
return found`);

/**
 * Says that a process lives. KEYS: processes, the data's name. ARGV: process, milliseconds after which it is taken for dead.
 * Returns how many live, and a name that is another one when Redis has lost its data.
 */
const present = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 10)
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. now, 'NX')
return { redis.call('ZCARD', KEYS[1]), redis.call('GET', KEYS[2]) }`);

/** All of them, by name. */
export const SCRIPTS = {
  takeRate,
  releaseRate,
  takeQuota,
  changeQuota,
  settleQuota,
  takeParallel,
  freeParallel,
  writeCells,
  readCells,
  present,
} as const;
