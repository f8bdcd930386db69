import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own for each demo. `secret.txt` and the like can lie beside the library. */
export interface Stage {
  readonly root: string;
  /** The folder that the old server serves. */
  readonly library: string;
  /** The folder in which the old client works. */
  readonly home: string;
}

const TIME_LIMIT = 10_000;

/** Runs a demo; the process exits with 0 when the demo returns true: the defect was seen. */
export async function runDemo(demo: (stage: Stage) => Promise<boolean>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "leat-exercise-"));
  const stage = { root, library: join(root, "library"), home: join(root, "client", "home") };
  const tooLong = setTimeout(() => {
    rmSync(root, { recursive: true, force: true });
    console.log(`no end after ${TIME_LIMIT} ms`);
    process.exit(1);
  }, TIME_LIMIT);
  try {
    mkdirSync(stage.library);
    mkdirSync(stage.home, { recursive: true });
    const shown = await demo(stage);
    if (!shown) console.log("the defect was NOT shown");
    process.exitCode = shown ? 0 : 1;
  } finally {
    clearTimeout(tooLong);
    rmSync(root, { recursive: true, force: true });
  }
}

export const quote = (text: string): string => JSON.stringify(text);
