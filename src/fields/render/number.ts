// SPDX-License-Identifier: Apache-2.0

/** A signed 64-bit value from its words; exact up to 53 bits. */
export function signed64(low: number, high: number): number {
  return high * 4294967296 + (low >>> 0);
}

/** An unsigned 64-bit value from its words; exact up to 53 bits. */
export function unsigned64(low: number, high: number): number {
  return (high >>> 0) * 4294967296 + (low >>> 0);
}

/** A signed or unsigned 64-bit value from its words, exact. */
export function big64(low: number, high: number, signed: boolean): bigint {
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return signed ? BigInt.asIntN(64, value) : value;
}

/** Decimal digits of a 64-bit value. */
export function decimal64(low: number, high: number, signed: boolean): string {
  const top = signed ? high : high >>> 0;
  return top >= -0x20_0000 && top < 0x20_0000
    ? String(top * 4294967296 + (low >>> 0))
    : String(big64(low, high, signed));
}

/** Upper case hexadecimal digits of a 64-bit value, no prefix. */
export function hex64(low: number, high: number): string {
  const digits = (low >>> 0).toString(16).toUpperCase();
  return high === 0 ? digits : (high >>> 0).toString(16).toUpperCase() + digits.padStart(8, "0");
}

/** Octal with a leading 0, as a mode is written; 0 is "0". */
export function octal(value: number): string {
  return value === 0 ? "0" : `0${(value >>> 0).toString(8)}`;
}

/** C's %g of a number: six significant digits, no trailing zeros. */
export function general(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(6)))));
  if (exponent < -4 || exponent >= 6) {
    const [mantissa = "", power = "0"] = value.toExponential(5).split("e");
    const digits = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    const size = Math.abs(Number(power));
    return `${digits}e${Number(power) < 0 ? "-" : "+"}${size < 10 ? `0${size}` : size}`;
  }
  const fixed = value.toFixed(5 - exponent);
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}
