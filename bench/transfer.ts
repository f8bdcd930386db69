/** Files up and down over loopback, beside what this machine could do at most. */
import { join } from "node:path";
import { empty, randomFile } from "./support/files.ts";
import { Interrupt } from "./support/interrupt.ts";
import { Folders } from "./support/job.ts";
import { Scratch } from "./support/processes.ts";
import type { Recorder, Suite } from "./support/record.ts";
import { Processes, competitors } from "./transfer/competitors.ts";
import { measureRounds } from "./transfer/rounds.ts";
import { FULL, QUICK, type Work } from "./transfer/work.ts";

/** Measures each piece of work in turn, with servers that stay. */
export async function measureTransfer(works: readonly Work[], record: Recorder): Promise<void> {
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const folders = new Folders(scratch);
  await using processes = await Processes.start(scratch.library);
  for (const work of works) {
    for (let file = 0; file < work.files; file += 1) {
      randomFile(join(folders.from, String(file)), work.size);
    }
    const everyone = competitors(work, folders, processes);
    await measureRounds(work, folders, everyone, record, interrupt.signal);
    empty(folders.from);
  }
}

export const transfer: Suite = {
  name: "transfer",
  title:
    "files up and down, by streams at once and connections, beside a bare socket loop and loops over files; rates are computed from the time of a run; memory is the most a server held in a run, with what earlier ones left",
  run: ({ record, quick }) => measureTransfer(quick ? QUICK : FULL, record),
};
