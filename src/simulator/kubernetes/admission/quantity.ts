/** Kubernetes quantities such as 100m, 128Mi or 2 (kubernetes/kubernetes, apimachinery pkg/api/resource). */

type Format = 'decimal' | 'binary';

/** An amount, exact to a thousandth, and the family of suffixes it is written in. */
export interface Quantity {
  milli: bigint;
  format: Format;
}

/** Named amounts, such as a container's requests. */
export type Quantities = Readonly<Record<string, Quantity>>;

const DECIMAL: readonly [string, bigint][] = [
  ['E', 10n ** 21n],
  ['P', 10n ** 18n],
  ['T', 10n ** 15n],
  ['G', 10n ** 12n],
  ['M', 10n ** 9n],
  ['k', 10n ** 6n],
  ['', 1000n],
  ['m', 1n],
];
const BINARY: readonly [string, bigint][] = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'].map(
  (suffix, index): [string, bigint] => [suffix, 1000n * 1024n ** BigInt(6 - index)],
);
const FORM = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE])([+-]?\d+)|([KMGTPE]i|[mkMGTPE]?))$/;

/** Whether a text is a quantity. Suffixes below a thousandth (n, u) aren't modelled. */
export function isQuantity(text: string): boolean {
  return FORM.test(text);
}

/** Reads a quantity; undefined when it is none. What is finer than a thousandth is rounded up, as the API server does below its own limit. */
export function parseQuantity(value: unknown): Quantity | undefined {
  const match = typeof value === 'number' || typeof value === 'string' ? FORM.exec(String(value)) : null;
  if (match === null) return undefined;
  const [, sign = '', number = '', exponentMark, exponent = '0', suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const unit =
    exponentMark === undefined
      ? ([...DECIMAL, ...BINARY].find(([name]) => name === suffix)?.[1] ?? 1000n)
      : 1000n;
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(`${whole}${fraction}`) * unit;
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift));
  return { milli: sign === '-' ? -scaled : scaled, format: suffix.endsWith('i') ? 'binary' : 'decimal' };
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** The canonical form: no fraction, the largest suffix that allows that; binary ones from 1024 on only. */
export function formatQuantity({ milli, format }: Quantity): string {
  if (milli === 0n) return '0';
  const size = milli < 0n ? -milli : milli;
  const units = format === 'binary' && size >= 1024n * 1000n ? [...BINARY, ...DECIMAL.slice(-2)] : DECIMAL;
  const [suffix, unit] = units.find(([, one]) => milli % one === 0n) ?? ['m', 1n];
  return `${milli / unit}${suffix}`;
}

/** The sum, in the family of the first amount that isn't zero. */
export function addQuantities(one: Quantity, other: Quantity): Quantity {
  return {
    milli: one.milli + other.milli,
    format: one.milli === 0n ? other.format : one.format,
  };
}

/** A map of quantities as objects carry it, read; what is no quantity is left out. */
export function readQuantities(given: unknown): Quantities {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const quantity = parseQuantity(value);
      return quantity === undefined ? [] : [[name, quantity]];
    }),
  );
}

/** Sums of named amounts. */
export function sumQuantities(all: readonly Quantities[]): Record<string, Quantity> {
  const sums: Record<string, Quantity> = {};
  for (const quantities of all) {
    for (const [name, quantity] of Object.entries(quantities)) {
      const before = sums[name];
      sums[name] = before === undefined ? quantity : addQuantities(before, quantity);
    }
  }
  return sums;
}
