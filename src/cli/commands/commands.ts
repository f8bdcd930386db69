/** Everything that can be asked of a server, for the command line and for the shell. */
import type { Command } from "commander";
import type { Context } from "../program/context.ts";
import { addChecksum } from "./checksum.ts";
import { addGet } from "./get.ts";
import { addList } from "./list.ts";
import { addMkdir } from "./mkdir.ts";
import { addPing } from "./ping.ts";
import { addRemove } from "./remove.ts";
import { addRename } from "./rename.ts";
import { addStat } from "./stat.ts";
import { addStatus } from "./status.ts";
import { addUpload } from "./upload.ts";

/** The context is asked for when a command runs: by then the flags are read. */
export type ContextOf = () => Context;

export function addCommands(program: Command, context: ContextOf): void {
  for (const add of [
    addList,
    addGet,
    addUpload,
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
