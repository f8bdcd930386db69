/** Things that were asked for and that a file system cannot do, in words and for `--json`. */
import type { NotDone } from "../../store/store.ts";
import type { Context } from "../program/context.ts";
import { filesText } from "./summary.ts";

/** The files and folders of a tree for which the file system could not do everything. */
export class Lacking {
  #files = 0;
  #folders = 0;
  #notDone: NotDone = {};
  #example = "";

  /** @param name in messages */
  add(notDone: NotDone | undefined, name: string, kind: "FILE" | "DIRECTORY" = "FILE"): void {
    if (notDone === undefined) return;
    if (kind === "FILE") this.#files += 1;
    else this.#folders += 1;
    this.#notDone = joinNotDone(this.#notDone, notDone);
    this.#example ||= name;
  }

  /** Prints one line about all of them, if there are any. */
  note(context: Context, command: string): void {
    const [files, folders] = [this.#files, this.#folders];
    if (files + folders === 0) return;
    // An older server sets no attributes of folders.
    const where = folders > 0 ? "a file system or server" : "a file system";
    const some = filesText(files, folders).replace(/^0 files, /, "");
    const what = `${some} came to ${where} that cannot ${notDoneText(this.#notDone)}`;
    context.note(`leat: ${command}: ${what}: ${this.#example} is one`);
  }
}

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
function joinNotDone(one: NotDone, other: NotDone): NotDone {
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
