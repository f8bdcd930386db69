/** The folder that `leat server` serves: the one that was named, else ./library, which is made if missing. */
import { fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { Descriptor } from "../../store/system/descriptor.ts";
import { isUnsupported } from "../../store/system/system-error.ts";
import { UsageError } from "../program/exit-codes.ts";

export const DEFAULT_LIBRARY = "./library";

/** @returns its path @throws UsageError for an empty name */
export function openLibrary(library: string | undefined): string {
  if (library === "") throw new UsageError("LIBRARY is empty: name the folder to serve");
  if (library !== undefined) return library;
  try {
    const made = mkdirSync(DEFAULT_LIBRARY, { recursive: true });
    if (made !== undefined) syncNames(dirname(resolve(made)));
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot make ${DEFAULT_LIBRARY}`);
  }
  return DEFAULT_LIBRARY;
}

/** Puts the names in a folder on disk, where the file system supports it. */
function syncNames(folder: string): void {
  try {
    using opened = new Descriptor(openSync(folder, "r"));
    fsyncSync(opened.fd);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  }
}
