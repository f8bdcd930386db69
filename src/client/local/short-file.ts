/** Reads short files of the user. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import { notRegular } from "../../store/system/refusals.ts";
import { isSystemError } from "../../store/system/system-error.ts";

const { O_NONBLOCK, O_RDONLY } = constants;

/**
 * The text of a file; "" where there is none.
 * @param most bytes
 * @throws TOO_LARGE, PERMISSION_DENIED, IS_A_DIRECTORY, NOT_A_REGULAR_FILE
 */
export function readShortFile(path: string, most: number): string {
  const bytes = Buffer.alloc(most + 1);
  const read = readStart(path, bytes);
  if (read <= most) return bytes.toString("utf8", 0, read);
  throw new LeatError("TOO_LARGE", `${quote(path)} is larger than ${most} bytes`);
}

function readStart(path: string, into: Uint8Array): number {
  try {
    const fd = openSync(path, O_RDONLY | O_NONBLOCK); // a FIFO would wait for its writer
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() && !stats.isDirectory()) throw notRegular(path);
      return readSync(fd, into, 0, into.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (isSystemError(thrown, "ENOENT") || isSystemError(thrown, "ENOTDIR")) return 0;
    throw LeatError.from(thrown, `cannot read ${quote(path)}`);
  }
}
