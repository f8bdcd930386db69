/** Files with secrets: they are used only where nobody but their owner can. */
import { constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../names.ts";
import { Descriptor } from "./descriptor.ts";

/** Readable, writable or searchable by others than the owner. */
const OTHERS = 0o077;

/**
 * The text of a file.
 * @param most bytes of it
 * @throws PERMISSION_DENIED where others can use it; NOT_FOUND, NOT_A_REGULAR_FILE, TOO_LARGE, …
 */
export function readPrivate(path: string, most: number): string {
  try {
    // Non-blocking: a FIFO would wait for a writer.
    using file = new Descriptor(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    check(path, fstatSync(file.fd), most);
    return readFileSync(file.fd, "utf8");
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot read ${quote(path)}`);
  }
}

function check(path: string, stats: Stats, most: number): void {
  if (!stats.isFile()) throw new LeatError("NOT_A_REGULAR_FILE", `${quote(path)} is not a file`);
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(3, "0");
    const message = `other users of this machine can use ${quote(path)} (mode ${mode}): chmod 600 it`;
    throw new LeatError("PERMISSION_DENIED", message);
  }
  if (stats.size <= most) return;
  throw new LeatError("TOO_LARGE", `${quote(path)} has ${stats.size} bytes; ${most} are allowed`);
}
