/** A file system of its own for a library, as small as a test wants it. Needs root on Linux. */
import { mkdirSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";

export class SmallDisk implements Disposable {
  readonly path: string;
  readonly #mounted: boolean;

  /** @param room bytes; 0: no file system of its own */
  constructor(path: string, room: number) {
    this.path = path;
    this.#mounted = room > 0;
    mkdirSync(path, { recursive: true });
    if (room > 0)
      run("mount", "-t", "tmpfs", "-o", `size=${room},nr_inodes=1000`, "leat-test", path);
  }

  makeReadOnly(): void {
    run("mount", "-o", "remount,ro", this.path);
  }

  [Symbol.dispose](): void {
    // Lazily: whoever still has something open there does not keep it mounted.
    if (this.#mounted) run("umount", "-l", this.path);
  }
}

/** @returns why there can be none, or undefined */
export function noSmallDisk(): string | undefined {
  if (process.platform !== "linux") return "a file system is mounted on Linux only";
  if (process.getuid?.() !== 0) return "only root may mount a file system";
  using folder = new TemporaryFolder();
  try {
    using _disk = new SmallDisk(folder.path, 1 << 20);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function run(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
