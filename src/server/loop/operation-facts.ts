/** Facts about each kind of operation that its peer needs before it runs. */
import type { Operation } from "../../session/event.ts";

/** Descriptors that an operation holds while it runs; the others need one for a moment only. */
export const DESCRIPTORS: Readonly<Partial<Record<Operation["case"], number>>> = {
  list: 2,
  walk: 2,
  putTree: 2,
  get: 1,
  put: 1,
  checksum: 1,
  // Until the new name is on disk, cancelled or not.
  makeDirectory: 2,
  makeLink: 2,
  setAttributes: 2,
  rename: 2,
};

/** They change a name, or what has it: a cancel does not stop them. */
export const CHANGES: ReadonlySet<Operation["case"]> = new Set([
  "remove",
  "rename",
  "makeDirectory",
  "makeLink",
  "setAttributes",
]);
