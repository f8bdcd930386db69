/**
 * How a child is started: with the file child.ts; an executable (`bun run build`) has no files, and starts
 * itself with an argument.
 */
import { fileURLToPath } from "node:url";
import { IS_EXECUTABLE } from "../../executable.ts";

/** Makes an executable a child: see src/cli/main.ts. */
const CHILD_ARGUMENT = "--child";

const FILE = new URL("./child.ts", import.meta.url);

/** In place of a bunfig.toml, or an .env, in the folder that the server runs in. */
const CONFIG = fileURLToPath(new URL("../../../bin/bunfig.toml", import.meta.url));

/** The command of a process. */
export const CHILD_COMMAND: readonly string[] = IS_EXECUTABLE
  ? [process.execPath, CHILD_ARGUMENT]
  : [process.execPath, "--no-env-file", `--config=${CONFIG}`, fileURLToPath(FILE)];

/** The module of a thread. */
export const CHILD_MODULE: string | URL = IS_EXECUTABLE ? Bun.main : FILE;
