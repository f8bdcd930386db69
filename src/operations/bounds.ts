/** Bounds of a request's fields, checked before it waits for anything: requests that wait are small. */
import { LeatError } from "../errors.ts";
import {
  MAX_LINK,
  MAX_PATH,
  LEAVE_OUT_BYTES,
  LEAVE_OUT_MOST,
  WALK_PATHS_BYTES,
  WALK_PATHS_MOST,
} from "../limits.ts";
import type { Operation } from "../session/event.ts";
import type { Entry, Timestamp } from "../wire/gen/messages.ts";

/** Versions and cursors of all known stores are far shorter. */
const MAX_VERSION = 128;
const MAX_CURSOR = MAX_PATH;

const NANOSECONDS = 1_000_000_000;

/**
 * The store checks names to the letter. Lengths are counted in UTF-16 units here: never more than
 * the bytes that the schema counts.
 * @throws INVALID_NAME, INVALID_ARGUMENT
 */
export function checkBounds({ value }: Operation): void {
  if ("path" in value && value.path.length > MAX_PATH) {
    const { length } = value.path;
    throw new LeatError("INVALID_NAME", `a path of ${length} characters; ${MAX_PATH} are allowed`);
  }
  if ("target" in value) checkLength("target", value.target, MAX_LINK);
  if ("ifMatch" in value) checkLength("if_match", value.ifMatch, MAX_VERSION);
  if ("after" in value) checkLength("after", value.after, MAX_PATH + 1);
  if ("cursor" in value) checkLength("cursor", value.cursor, MAX_CURSOR);
  if ("paths" in value) checkList("paths", value.paths, WALK_PATHS_MOST, WALK_PATHS_BYTES);
  if ("leaveOut" in value) checkList("leave_out", value.leaveOut, LEAVE_OUT_MOST, LEAVE_OUT_BYTES);
  if ("mode" in value) checkMode(value.mode);
  if ("modified" in value) checkModified(value.modified);
}

/** The facts that a new file is to have. @throws INVALID_ARGUMENT */
export function checkFacts({ mode, modified }: Pick<Entry, "mode" | "modified">): void {
  checkMode(mode);
  checkModified(modified);
}

function checkModified(modified: Timestamp | undefined): void {
  if (modified === undefined || modified.nanoseconds < NANOSECONDS) return;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `modified has ${modified.nanoseconds} nanoseconds; at most ${NANOSECONDS - 1} are a time`,
  );
}

function checkList(field: string, texts: readonly string[], most: number, length: number): void {
  if (texts.length > most) {
    const message = `${field} has ${texts.length} texts; ${most} are allowed`;
    throw new LeatError("INVALID_ARGUMENT", message);
  }
  checkLength(field, texts.join(""), length);
}

function checkMode(mode: number | undefined): void {
  if (mode === undefined || mode <= 0o777) return;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `mode is 0${mode.toString(8)}; permission bits are at most 0777`,
  );
}

function checkLength(field: string, value: string | undefined, most: number): void {
  if (value === undefined || value.length <= most) return;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `${field} has ${value.length} characters; ${most} are allowed`,
  );
}
