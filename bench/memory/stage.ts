/** What all that is measured of many peers shares: the files, and a client process that is warm. */
import type { Folders } from "../support/job.ts";
import type { ClientProcess, Scratch } from "../support/processes.ts";
import type { Samples } from "../support/samples.ts";

export interface Stage {
  readonly scratch: Scratch;
  readonly folders: Folders;
  readonly client: ClientProcess;
  readonly samples: Samples;
}
