/**
 * The program of a child: child.ts where it lies in a folder; in an executable (`bun run build`), which
 * has no files, the executable itself, told to be a child.
 */
import { fileURLToPath } from "node:url";
import { IS_EXECUTABLE } from "../../executable.ts";

/** What an executable is told to be a child by. */
export const CHILD_ARGUMENT = "--child";

const FILE = new URL("./child.ts", import.meta.url);

/** Neither a bunfig.toml nor an .env of the folder that the server runs in counts. */
const CONFIG = fileURLToPath(new URL("../../../bin/bunfig.toml", import.meta.url));

/** How a process is started. */
export const CHILD_COMMAND: readonly string[] = IS_EXECUTABLE
  ? [process.execPath, CHILD_ARGUMENT]
  : [process.execPath, "--no-env-file", `--config=${CONFIG}`, fileURLToPath(FILE)];

/** What a thread runs. */
export const CHILD_MODULE: string | URL = IS_EXECUTABLE ? Bun.main : FILE;
