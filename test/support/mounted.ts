/** A file system of its own, mounted under a temporary folder. Needs root on Linux. */
import { spawnSync } from "node:child_process";
import { expect } from "bun:test";
import { TemporaryFolder } from "./folder.ts";

const command = (...words: readonly string[]): boolean =>
  spawnSync(words[0] ?? "", words.slice(1)).status === 0;

export class Mounted implements Disposable {
  readonly folder = new TemporaryFolder();

  /** @param options as `mount -o` takes them */
  constructor(type: string, options = "rw") {
    if (command("mount", "-t", type, "-o", options, "leat-test", this.path)) return;
    this.folder[Symbol.dispose]();
    throw new Error(`${type} cannot be mounted here with ${options}`);
  }

  get path(): string {
    return this.folder.path;
  }

  at(...names: readonly string[]): string {
    return this.folder.at(...names);
  }

  /** @param options as `mount -o` takes them: ro, remount */
  remount(options: string): void {
    expect(command("mount", "-o", `remount,${options}`, this.path)).toBe(true);
  }

  [Symbol.dispose](): void {
    // Somebody may hold a file in it a moment longer.
    if (!command("umount", this.path)) command("umount", "-l", this.path);
    this.folder[Symbol.dispose]();
  }
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
