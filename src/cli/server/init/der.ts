/** DER, the bytes of certificates: each value has a tag, its length and its contents (ITU-T X.690). */

const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** @param tag of one byte */
export function value(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(bytes.length)]), bytes]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  return [0x82, length >> 8, length & 0xff];
}

export const sequence = (...values: readonly Uint8Array[]): Uint8Array =>
  value(TAG.sequence, ...values);

export const set = (...values: readonly Uint8Array[]): Uint8Array => value(TAG.set, ...values);

export const octets = (contents: Uint8Array): Uint8Array => value(TAG.octets, contents);

export const text = (contents: string): Uint8Array => value(TAG.utf8, Buffer.from(contents));

/** @param bytes of a number that is not negative: the first bit is 0 */
export const integer = (...bytes: readonly number[]): Uint8Array =>
  value(TAG.integer, Buffer.from(bytes));

/** @param unused bits at the end of the last byte */
export const bits = (contents: Uint8Array, unused = 0): Uint8Array =>
  value(TAG.bits, Buffer.from([unused]), contents);

/** @param dotted `1.2.840.10045.4.3.2` */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return value(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** Years before 2050 have two digits (RFC 5280). */
export function time(date: Date): Uint8Array {
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
  const isShort = date.getUTCFullYear() < 2050;
  return value(isShort ? TAG.utcTime : TAG.time, Buffer.from(isShort ? digits.slice(2) : digits));
}
