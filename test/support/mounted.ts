/** File systems of their own for tests. Needs root on Linux. */
import { mkdirSync } from "node:fs";
import { TemporaryFolder } from "./folder.ts";

/** @throws what mount or umount says */
function command(...words: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...words], { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${stderr.toString().trim()}`);
}

/** A file system that is mounted at a path: at its own temporary folder, unless another is given. */
export class Mounted implements Disposable {
  readonly path: string;
  readonly #own: TemporaryFolder | undefined;
  #mounted = true;

  /** @param options as `mount -o` takes them @param device a folder, with the option `bind` */
  constructor(type: string, options = "rw", path?: string, device = "leat-test") {
    this.#own = path === undefined ? new TemporaryFolder() : undefined;
    this.path = path ?? this.#own!.path;
    mkdirSync(this.path, { recursive: true });
    try {
      command("mount", "-t", type, "-o", options, device, this.path);
    } catch (error) {
      this.#own?.[Symbol.dispose]();
      throw error;
    }
  }

  /** The local path of something in it. */
  at(...names: readonly string[]): string {
    return [this.path, ...names].join("/");
  }

  /** @param options as `mount -o` takes them: ro, rw */
  remount(options: string): void {
    command("mount", "-o", `remount,${options}`, this.path);
  }

  /** Harmless when it was done already. */
  [Symbol.dispose](): void {
    if (!this.#mounted) return;
    this.#mounted = false;
    try {
      command("umount", this.path);
    } catch {
      command("umount", "-l", this.path); // somebody holds a file in it a moment longer
    }
    this.#own?.[Symbol.dispose]();
  }
}

/** A disk of so many bytes. */
export function smallDisk(bytes: number, path?: string): Mounted {
  return new Mounted("tmpfs", `size=${bytes},nr_inodes=1000`, path);
}

/** @returns why a file system of this type cannot be mounted here, for the name of a test */
export function noMount(type = "tmpfs", options = "rw"): string | undefined {
  try {
    using _mounted = new Mounted(type, options);
    return undefined;
  } catch {
    return `${type} cannot be mounted here, only root may`;
  }
}
