/** What all measurements of growth share. */
import type { Folders } from "../support/job.ts";
import type { ClientProcess, Scratch } from "../support/processes.ts";
import type { Samples } from "../support/samples.ts";

export interface Stage {
  readonly scratch: Scratch;
  readonly folders: Folders;
  /** A client process that is warm and moves files. */
  readonly mover: ClientProcess;
  readonly samples: Samples;
}
