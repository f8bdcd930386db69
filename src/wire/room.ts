/**
 * @param used bytes of `bytes` that are kept
 * @param room bytes that are to follow them
 * @returns `bytes`, or a longer array with what is kept: it doubles, so that many small additions are copied seldom
 */
export function withRoom(
  bytes: Uint8Array<ArrayBuffer>,
  used: number,
  room: number,
): Uint8Array<ArrayBuffer> {
  const needed = used + room;
  if (needed <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
  larger.set(bytes.subarray(0, used));
  return larger;
}
