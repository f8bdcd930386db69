/** Errors that several files of the store throw. */

import { LeatError } from "../../errors.ts";
import { RETRY_AFTER } from "../../limits.ts";
import { quote } from "../names.ts";

export const notFound = (path: string): LeatError =>
  new LeatError("NOT_FOUND", `there is no ${quote(path)}`);

export const isDirectory = (path: string): LeatError =>
  new LeatError(
    "IS_A_DIRECTORY",
    `${path === "" ? "the library itself" : quote(path)} is a folder`,
  );

export const notADirectory = (path: string): LeatError =>
  new LeatError("NOT_A_DIRECTORY", `${quote(path)} is not a folder`);

export const notRegular = (path: string): LeatError =>
  new LeatError(
    "NOT_A_REGULAR_FILE",
    `${quote(path)} is neither a file nor a folder, and such things are not opened`,
  );

export const leadsOutside = (path: string): LeatError =>
  new LeatError("PERMISSION_DENIED", `${quote(path)} is refused: a link leads outside the library`);

export const linkRefused = (path: string): LeatError =>
  new LeatError("PERMISSION_DENIED", `${quote(path)} is refused: links are not followed here`);

export const alreadyExists = (path: string): LeatError =>
  new LeatError("ALREADY_EXISTS", `${quote(path)} exists already`);

/** For a newer try of an upload, whose older try is not over. */
export const stillRunning = (path: string): LeatError =>
  new LeatError("UNAVAILABLE", `the upload of ${quote(path)} is still running elsewhere`, {
    retryAfter: RETRY_AFTER,
  });

/** For an older try of an upload. */
export const takenOver = (path: string): LeatError =>
  new LeatError("UNAVAILABLE", `a newer try of the upload of ${quote(path)} goes on with it`);
