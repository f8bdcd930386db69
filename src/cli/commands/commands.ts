/** All commands that ask a server, for the command line and the shell. */
import type { Command } from "commander";
import type { Context } from "../program/context.ts";
import { addChecksum } from "./checksum.ts";
import { addDu } from "./du.ts";
import { addGet } from "./get.ts";
import { addList } from "./list.ts";
import { addMkdir } from "./mkdir.ts";
import { addPing } from "./ping.ts";
import { addRemove } from "./remove.ts";
import { addRename } from "./rename.ts";
import { addStat } from "./stat.ts";
import { addStatus } from "./status.ts";
import { addSync } from "./sync.ts";
import { addUpload } from "./upload.ts";

/** Called when a command runs: the flags are parsed then. */
export type ContextOf = () => Context;

export function addCommands(program: Command, context: ContextOf): void {
  for (const add of [
    addList,
    addDu,
    addGet,
    addUpload,
    addSync,
    addStat,
    addRemove,
    addRename,
    addMkdir,
    addChecksum,
    addStatus,
    addPing,
  ]) {
    add(program, context);
  }
}
