import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folders of one demo. Files outside the library, such as `secret.txt`, can be in `root`. */
export interface Stage {
  readonly root: string;
  /** The folder that the old server serves. */
  readonly library: string;
  /** The folder in which the old client works. */
  readonly home: string;
}

const TIME_LIMIT = 10_000;

/** Runs a demo. It returns whether the defect was seen, and the exit code of the process is 0 if it was. */
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
