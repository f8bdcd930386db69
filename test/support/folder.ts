/** Folders for tests: made under the system's temporary folder, gone at the end of their scope. */

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, "leat-test-"));
  }

  /** The local path of something in this folder. */
  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** Writes a file, and the folders above it. @returns its local path */
  file(name: string, contents: string | Uint8Array = ""): string {
    const path = this.at(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
    return path;
  }

  /** Makes a folder, and those above it. @returns its local path */
  folder(name: string): string {
    const path = this.at(name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** In place of a path that the kernel cannot show: nobody but a test makes those. */
const TOO_LONG = "too long to be shown";

/** What the open descriptors of this process stand for that begin with `prefix`. Linux. */
export function openUnder(prefix: string): string[] {
  const found: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    const target = linkTarget(`/proc/self/fd/${fd}`);
    if (target?.startsWith(prefix) || target === TOO_LONG) found.push(target);
  }
  return found.toSorted();
}

/** Those of them that a child process would inherit. Linux. */
export function inheritedUnder(prefix: string): string[] {
  const O_CLOEXEC = 0o2000000;
  const found: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    const target = linkTarget(`/proc/self/fd/${fd}`);
    if (!target?.startsWith(prefix)) continue;
    const [, flags = "0"] =
      /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
    if ((Number.parseInt(flags, 8) & O_CLOEXEC) === 0) found.push(target);
  }
  return found;
}

/** undefined for the descriptor that listed the others, gone by now. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENAMETOOLONG"
      ? TOO_LONG
      : undefined;
  }
}
