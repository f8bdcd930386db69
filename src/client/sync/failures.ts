/** Why a sync leaves a name as it is. */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import { notOnTheWire } from "../trees/tree-put.ts";
import type { Walked } from "../local/local-walk.ts";

const KINDS = { FILE: "a file", DIRECTORY: "a folder", LINK: "a link", OTHER: "something else" };

/** It is a file on one side, and something else on the other. */
export function conflict(path: string, source: Walked, target: Walked): LeatError {
  const kinds = `${KINDS[source.kind]} in the source and ${KINDS[target.kind]} in the target`;
  return new LeatError(codeOf(source, target), `${quote(path)} is ${kinds}`);
}

function codeOf(source: Walked, target: Walked): ErrorCode {
  if (source.kind === "DIRECTORY") return "NOT_A_DIRECTORY";
  return target.kind === "DIRECTORY" ? "IS_A_DIRECTORY" : "NOT_A_REGULAR_FILE";
}

/** The source has lost more since it was counted, or cannot be listed any more. */
export function tooMany(): LeatError {
  const message = "more is only in the target than was counted before: this and the rest stays";
  return new LeatError("PRECONDITION_FAILED", message);
}

/** Names of a folder that the wire cannot carry. @param path of the folder */
export function notSent(names: number, path: string): LeatError {
  return notOnTheWire(names, path === "" ? "the library" : quote(path));
}
