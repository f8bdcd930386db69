/**
 * The CRC-32 of two pieces in a row from the CRC of each: that of a file is computed from those of its
 * blocks, so that no byte is summed twice. And the CRC of zeros, however many.
 */

/** The reflected polynomial. */
const POLYNOMIAL = 0xedb88320;

/** a * b modulo the polynomial, bit-reflected: bit 31 is x^0. As in zlib's crc32_combine. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** SQUARES[k] is x^(2^k) modulo the polynomial; the powers repeat after 32 squarings. */
const SQUARES = (() => {
  const squares = [0x40000000]; // x^1
  for (let k = 1; k < 32; k += 1) squares.push(multiply(squares[k - 1]!, squares[k - 1]!));
  return squares;
})();

/** x^(8 * bytes) modulo the polynomial: what appending that many bytes does to a CRC. */
function shift(bytes: number): number {
  let power = 0x80000000; // x^0
  let k = 3; // 2^3 bits are a byte
  for (let left = bytes; left > 0; left = Math.floor(left / 2), k += 1) {
    if (left % 2 === 1) power = multiply(SQUARES[k & 31]!, power);
  }
  return power;
}

/** The CRC of so many zeros. @param length in bytes */
export function crc32OfZeros(length: number): number {
  // As the CRC is defined, it begins and ends with all bits inverted.
  return ~multiply(shift(length), 0xffff_ffff) >>> 0;
}

let lastLength = 0;
let lastShift = shift(0);

/**
 * The CRC of two pieces in a row.
 * @param first CRC of the first piece
 * @param second CRC of the second piece
 * @param length of the second piece, in bytes
 */
export function crc32Join(first: number, second: number, length: number): number {
  if (length !== lastLength) {
    lastShift = shift(length); // nearly always the same: a whole block
    lastLength = length;
  }
  return (multiply(lastShift, first) ^ second) >>> 0;
}
