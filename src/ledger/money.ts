import type { Price, Rates } from '../catalog/model.ts';
import { HOUR_OF_INPUT, RATE_NAMES, ratesFor, type RateName } from '../catalog/rates.ts';
import type { Usage } from '../protocol/chat.ts';
import type { NanoUsd } from './record.ts';

/** A decimal number without loss: `units` × 10^-`scale`; `scale` is never negative. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** A ledger holds money in 64 bits: nothing real costs nine billion dollars. */
const MAX_NANO = 2n ** 63n - 1n;
const ZERO: Decimal = { units: 0n, scale: 0 };
/** Nothing, in pico-dollars: what most prices per million tokens come to without changing the scale. */
const NOTHING: Decimal = { units: 0n, scale: 12 };
const NANO = 9;
/** Prices are per million tokens. */
const MILLION = 6;

/** Prices seen so far: few, and asked for with every request. */
const decimals = new Map<number, Decimal | null>();
const MAX_DECIMALS = 1000;

/** The shortest decimal that means this number, which is what a price list or a config file says; `null` when not finite. */
function decimalOf(value: number): Decimal | null {
  let decimal = decimals.get(value);
  if (decimal === undefined) {
    if (decimals.size >= MAX_DECIMALS) decimals.clear();
    decimal = parseDecimal(value);
    decimals.set(value, decimal);
  }
  return decimal;
}

function parseDecimal(value: number): Decimal | null {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (parts === null) return null;
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = parts;
  const digits = BigInt(whole + fraction);
  const units = sign === '-' ? -digits : digits;
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

/** Powers of ten by their exponent: prices need few, with every request. */
const POWERS = Array.from({ length: 32 }, (_, exponent) => 10n ** BigInt(exponent));

function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

function at(value: Decimal, scale: number): bigint {
  return value.units === 0n ? 0n : value.units * powerOfTen(scale - value.scale);
}

/** Rounds to 10^-`scale`, half to even. */
function rounded(value: Decimal, scale: number): bigint {
  if (value.scale <= scale) return at(value, scale);
  const divisor = powerOfTen(value.scale - scale);
  const negative = value.units < 0n;
  const size = negative ? -value.units : value.units;
  const floor = size / divisor;
  const twice = (size % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && floor % 2n === 1n);
  const result = up ? floor + 1n : floor;
  return negative ? -result : result;
}

/** More than any model reads or writes. */
const MAX_TOKENS = 1e12;

/** Counts come from upstreams and callers: whatever is not a positive number counts as none. */
function tokens(count: number | undefined): bigint {
  return count !== undefined && Number.isFinite(count) && count > 0
    ? BigInt(Math.round(Math.min(count, MAX_TOKENS)))
    : 0n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { units: a.units + b.units, scale: a.scale };
  const scale = Math.max(a.scale, b.scale);
  return { units: at(a, scale) + at(b, scale), scale };
}

function times({ units, scale }: Decimal, count: bigint): Decimal {
  return { units: units * count, scale };
}

/** Tokens at a price in USD per million of them. */
function part(count: bigint, usdPerMillion: number): Decimal {
  const { units, scale } = times(decimalOf(usdPerMillion) ?? ZERO, count);
  return { units, scale: scale + MILLION };
}

/** As much of what is left as `count` says. */
function portion(count: number | undefined, left: bigint): bigint {
  return count === undefined ? 0n : least(tokens(count), left);
}

/** Tokens of one call by what they are; the parts of `usage` may overlap or be wrong, these never do. */
function split(usage: Usage): Record<RateName, bigint> {
  let input = tokens(usage.input);
  let output = tokens(usage.output);
  const cacheRead = portion(usage.cacheRead, input);
  input -= cacheRead;
  const written = portion(usage.cacheWrite, input);
  input -= written;
  const cacheWriteHour = portion(usage.cacheWriteHour, written);
  const audioInput = portion(usage.audioInput, input);
  input -= audioInput;
  const imageInput = portion(usage.imageInput, input);
  input -= imageInput;
  const reasoning = portion(usage.reasoning, output);
  output -= reasoning;
  const audioOutput = portion(usage.audioOutput, output);
  output -= audioOutput;
  const imageOutput = portion(usage.imageOutput, output);
  output -= imageOutput;
  const cacheWrite = written - cacheWriteHour;
  return {
    input,
    output,
    cacheRead,
    cacheWrite,
    cacheWriteHour,
    reasoning,
    audioInput,
    audioOutput,
    imageInput,
    imageOutput,
  };
}

/** What a part costs that has no rate of its own. */
export function standIn(name: RateName, rates: Rates): number {
  if (name === 'cacheWriteHour') return HOUR_OF_INPUT * rates.input;
  return name === 'reasoning' || name === 'audioOutput' || name === 'imageOutput' ? rates.output : rates.input;
}

/**
 * What one upstream call costs, in nano-dollars; `null` when the price is unknown.
 *
 * The tokens read from and written to the prompt cache, of sound and of images are parts of `usage.input`; reasoning is
 * a part of `usage.output`. A part without a price of its own costs what `input` or `output` costs, one that is kept in
 * the cache for an hour twice `input`. A long request is charged at its tier as a whole. Prices are taken as the decimals
 * they are written as, so the sum is exact in pico-dollars (finer where a price has more digits) and is rounded once,
 * half to even.
 *
 * @example
 * attemptCost({ input: 1000, output: 200 }, { input: 0.15, output: 0.6, provenance }); // 270_000n: $0.00027
 */
export function attemptCost(usage: Usage, price: Price | null): NanoUsd | null {
  if (price === null) return null;
  const rates = ratesFor(price, usage.input);
  const counts = split(usage);
  let total = NOTHING;
  for (const name of RATE_NAMES) {
    const count = counts[name];
    if (count > 0n) total = add(total, part(count, rates[name] ?? standIn(name, rates)));
  }
  if (price.request !== undefined) total = add(total, decimalOf(price.request) ?? ZERO);
  const searches = price.webSearch === undefined ? 0n : tokens(usage.webSearches);
  if (searches > 0n) total = add(total, times(decimalOf(price.webSearch ?? 0) ?? ZERO, searches));
  return least(rounded(total, NANO), MAX_NANO);
}

/** Nano-dollars as the nearest number of USD. */
export function usdOf(nano: NanoUsd): number;
/** The same for an amount that may be unknown: null. */
export function usdOf(nano: NanoUsd | null): number | null;
export function usdOf(nano: NanoUsd | null): number | null {
  return nano === null ? null : Number(`${nano}e-9`);
}
