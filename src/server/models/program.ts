/**
 * How a child is started: with the file child.ts; an executable (`bun run build`) has no files, and starts
 * itself with an argument.
 */
import { fileURLToPath } from "node:url";
import { IS_EXECUTABLE } from "../../executable.ts";

const FILE = new URL("./child.ts", import.meta.url);

/** Used instead of a bunfig.toml in the folder that the server runs in. */
const CONFIG = fileURLToPath(new URL("../../../bin/bunfig.toml", import.meta.url));

export const CHILD_COMMAND: readonly string[] = IS_EXECUTABLE
  ? [process.execPath, "--child"] // src/cli/main.ts reads it
  : [process.execPath, "--no-env-file", `--config=${CONFIG}`, fileURLToPath(FILE)];

export const CHILD_MODULE: string | URL = IS_EXECUTABLE ? Bun.main : FILE;
