/** Names of files on this machine, as they were typed. */
import { type Stats, existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { LocalError } from "./failures.ts";

/** Follows links. @returns undefined when there is nothing */
export function statLocal(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot look at ${quote(path)}`);
  }
}

/** Of this user. */
export function homeFolder(): string {
  return process.getBuiltinModule("node:os").homedir(); // few commands need it, and it takes 0.4 ms to load
}

/** `~` and `~/x`, as a shell takes them. */
export function expandHome(typed: string): string {
  return typed === "~" || typed.startsWith("~/") ? homeFolder() + typed.slice(1) : typed;
}

/**
 * Checks the name of a file to upload.
 * @throws UsageError for an empty name; INVALID_NAME for one that is not UTF-8: it arrives here with bytes
 *   replaced by U+FFFD, and the error would be that there is no such file
 */
export function checkLocal(typed: string): void {
  if (typed === "") throw new UsageError("a name is empty: name a file; . is the folder itself");
  if (!typed.includes("\ufffd") || existsSync(typed)) return;
  const bytes = bytesOf(dirname(typed), basename(typed));
  if (bytes === undefined) return;
  throw new LeatError(
    "INVALID_NAME",
    `the name "${bytes}" is not UTF-8 and cannot be sent; upload - --to NAME sends it by another`,
  );
}

/** @returns the name of a file whose bytes were replaced by U+FFFD, with each of them shown */
function bytesOf(folder: string, name: string): string | undefined {
  try {
    const names = readdirSync(folder, { encoding: "buffer" });
    const found = names.find((bytes) => bytes.toString() === name);
    return found && shownBytes(found);
  } catch {
    return undefined; // opening the file reports the error
  }
}

/** The name: UTF-8 as it is, each other byte as `\xff`. */
function shownBytes(bytes: Buffer): string {
  let shown = "";
  for (let index = 0; index < bytes.length;) {
    const length = [1, 2, 3, 4].find((some) => isText(bytes.subarray(index, index + some))) ?? 0;
    if (length === 0) shown += `\\x${bytes[index]!.toString(16).padStart(2, "0")}`;
    else shown += bytes.toString("utf8", index, index + length);
    index += Math.max(1, length);
  }
  return shown;
}

function isText(bytes: Buffer): boolean {
  return bytes.length > 0 && Buffer.from(bytes.toString()).equals(bytes);
}

/** @throws NOT_FOUND where the folder is missing in which a file or folder would be made */
export function checkParent(path: string): void {
  const parent = dirname(resolve(path));
  if (statLocal(parent) !== undefined) return;
  throw new LocalError(
    new LeatError(
      "NOT_FOUND",
      `cannot write into the folder ${quote(parent)}: there is no such folder here`,
    ),
  );
}
