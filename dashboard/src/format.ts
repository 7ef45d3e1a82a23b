const count = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** 1 234 567 → `1.2M` */
export const whole = (n: number): string => (n < 10_000 ? n.toLocaleString('en') : count.format(n));

/** USD with as many digits as a small amount needs; `–` when unknown. */
export function usd(amount: number | null): string {
  if (amount === null) return '–';
  const size = Math.abs(amount);
  const digits = size === 0 || size >= 100 ? 2 : size >= 1 ? 3 : Math.min(9, 2 - Math.floor(Math.log10(size)));
  return `${amount < 0 ? '−' : ''}$${size.toFixed(digits)}`;
}

export const ms = (value: number | null): string =>
  value === null
    ? '–'
    : value < 10
      ? `${value.toFixed(2)} ms`
      : value < 1000
        ? `${value.toFixed(0)} ms`
        : `${(value / 1000).toFixed(1)} s`;

export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

export const clock = (at: number): string => new Date(at).toLocaleTimeString('en-GB');

/** `25 Nov` */
export const day = (at: number): string => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });

/** `14:05` */
export const minute = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

/** `25 Nov 14:05` */
export const moment = (at: number): string => `${day(at)} ${minute(at)}`;
