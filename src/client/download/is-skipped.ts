import { LeatError } from "../../errors.ts";
import type { Collision } from "../../store/store.ts";

/** Whether a download failed because somebody else was faster with the name, and that one is to stay. */
export function isSkipped(thrown: unknown, ifExists: Collision | undefined): boolean {
  return ifExists === "skip" && thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
}
