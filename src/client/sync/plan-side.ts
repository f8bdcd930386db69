/** The target of a dry run: nothing is changed, and nothing is kept open. */
import type { TreeRoot } from "../trees/tree.ts";
import type { Target } from "./side.ts";

export const PLAN_SIDE: Target<undefined> = {
  open: () => undefined,
  make: () => undefined,
  close: () => {},
  root: (_parent, item: TreeRoot) => item,
  link: () => true,
  setAttributes: () => undefined,
  remove: () => {},
};
