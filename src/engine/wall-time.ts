// SPDX-License-Identifier: Apache-2.0

/** Stores the time now, ns since the epoch, as two words: low, high. */
export function wallTime(into: Int32Array): void {
  const ns = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
  into[0] = Number(BigInt.asIntN(32, ns));
  into[1] = Number(BigInt.asIntN(32, ns >> 32n));
}
