/** A download that is saved to a file: from its options to its result. */
import { LeatError } from "../../errors.ts";
import type { Collision, Stored } from "../../store/store.ts";
import { kept } from "../local/kept.ts";
import type { LocalFileOptions } from "../local/local-file.ts";
import type { RangeHead } from "./download-stream.ts";
import type { Saved, SaveOptions } from "./options.ts";

/** @param size in bytes, of the part of the entry that is saved */
export function localOptions(
  { entry, allocated }: Pick<RangeHead, "entry" | "allocated">,
  size: number,
  options: SaveOptions,
): LocalFileOptions {
  const { ifExists: collision = "replace", durability = "fsync", shown } = options;
  return { collision, durability, ...kept(entry, options), size, allocated, shown };
}

export function savedAs({ notDone }: Stored, { durability = "fsync" }: SaveOptions): Saved {
  return { skipped: false, durability: notDone?.sync === true ? "none" : durability, notDone };
}

export const SKIPPED: Saved = { skipped: true, durability: "none" };

/** Whether a file is skipped because its name was taken by another program meanwhile. */
export function isSkipped(thrown: unknown, ifExists: Collision | undefined): boolean {
  return ifExists === "skip" && thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
}
