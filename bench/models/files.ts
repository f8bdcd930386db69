/** What there is to ask for. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DOWNLOAD_WINDOW } from "../../src/limits.ts";
import type { Plan } from "../models.ts";
import { randomFile } from "../support/files.ts";
import * as ask from "./clients.ts";

export class Files {
  readonly library: string;
  readonly download: ask.Work;
  readonly sum: ask.Work;
  readonly stat = ask.stat("download.bin");
  /** Twice what a client takes that does not read: the server has to wait for it. */
  readonly stalled = "stalled.bin";

  constructor(library: string, { downloaded, summed }: Plan) {
    this.library = library;
    randomFile(join(library, "download.bin"), downloaded);
    randomFile(join(library, "sum.bin"), summed);
    randomFile(join(library, this.stalled), 2 * DOWNLOAD_WINDOW);
    const digest = createHash("sha256").update(readFileSync(join(library, "sum.bin")));
    this.download = ask.download("download.bin", downloaded);
    this.sum = ask.sha256("sum.bin", digest.digest("hex"));
  }
}
