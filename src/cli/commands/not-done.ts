/** Things that were asked for and that a file system cannot do, in words and for `--json`. */
import type { NotDone } from "../../store/store.ts";

/** `set its mode and modified time, or sync it (a power cut may undo it)`; "" where all was done. */
export function notDoneText({ mode, modified, sync }: NotDone): string {
  const unset = [...(mode ? ["mode"] : []), ...(modified ? ["modified time"] : [])].join(" and ");
  const parts = [
    ...(unset === "" ? [] : [`set its ${unset}`]),
    ...(sync ? ["sync it (a power cut may undo it)"] : []),
  ];
  return parts.join(", or ");
}

/** All that either of them lacks. */
export function joinNotDone(one: NotDone = {}, other: NotDone = {}): NotDone {
  return {
    mode: one.mode === true || other.mode,
    modified: one.modified === true || other.modified,
    sync: one.sync === true || other.sync,
  };
}

/** For `--json`; empty where all was done. */
export function notDoneFacts(notDone: NotDone | undefined): { readonly notDone?: string[] } {
  if (notDone === undefined) return {};
  const { mode, modified, sync } = notDone;
  const names = Object.entries({ mode, modified, sync });
  return { notDone: names.flatMap(([name, isSo]) => (isSo === true ? [name] : [])) };
}
