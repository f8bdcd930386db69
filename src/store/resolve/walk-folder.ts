/** Folders of the walk: held by a descriptor where /proc shows it, else known by their path. */

import { constants, existsSync, lstatSync, openSync, realpathSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Folder } from "./folder.ts";
import { DescriptorFolder } from "./descriptor-folder.ts";
import { descriptorFacts } from "../system/descriptor.ts";
import { type Facts, factsOf } from "../system/facts.ts";
import { type NameTaker, readFolder } from "./folder-reader.ts";
import { O_CLOEXEC, O_PATH, openAt } from "../system/kernel.ts";
import { quote } from "../names.ts";
import { linkRefused, notADirectory, notFound } from "../system/refusals.ts";

/** Whether /proc shows our descriptors, so that a path can begin at one. */
export const hasProc = process.platform === "linux" && existsSync("/proc/self/fd/.");

/** Opens a folder by its local path, links followed. @throws the error of node:fs */
export function openPlainFolder(path: string): Folder {
  return hasProc ? ProcFolder.open(path) : new PathFolder(realpathSync(path));
}

export interface WalkFolder extends Folder {
  child(name: string, path: string): WalkFolder;
  /** Opens the same folder once more. */
  duplicate(): WalkFolder;
}

export class ProcFolder extends DescriptorFolder implements WalkFolder {
  constructor(fd: number) {
    // `stat` of the names in it gives no mount, either.
    super(fd, { ...descriptorFacts(fd), mount: 0 });
  }

  static open(path: string): ProcFolder {
    return new ProcFolder(openSync(path, O_PATH | constants.O_DIRECTORY));
  }

  stat(name: string): Facts | undefined {
    return statPath(this.pathOf(name), name);
  }

  child(name: string, path: string): WalkFolder {
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = openAt(this.fd, name, flags | O_CLOEXEC, 0); // by its path it would take five times as long
    if (fd >= 0) return new ProcFolder(fd);
    try {
      return new ProcFolder(openSync(this.pathOf(name), flags));
    } catch (error) {
      throw notAFolder(this, name, path, error);
    }
  }

  duplicate(): WalkFolder {
    return ProcFolder.open(`${this.path}/.`);
  }
}

export class PathFolder implements WalkFolder {
  readonly path: string;
  readonly facts: Facts;

  constructor(path: string) {
    this.path = path;
    this.facts = factsOf(lstatSync(path, { bigint: true }));
  }

  pathOf(name: string): string {
    return this.path === "/" ? `/${name}` : `${this.path}/${name}`;
  }

  stat(name: string): Facts | undefined {
    return statPath(this.pathOf(name), name);
  }

  statBytes(bytes: Buffer, start: number, end: number): Facts | undefined {
    return this.stat(bytes.toString("utf8", start, end));
  }

  child(name: string, path: string): WalkFolder {
    const facts = this.stat(name);
    if (facts?.kind !== "DIRECTORY") throw notAFolder(this, name, path, undefined);
    return new PathFolder(this.pathOf(name));
  }

  duplicate(): WalkFolder {
    return this;
  }

  readNames(shown: string, taker: NameTaker): Promise<void> {
    return readFolder(this.path, shown, taker, { plainly: true });
  }

  [Symbol.dispose](): void {}
}

function statPath(path: string, name: string): Facts | undefined {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : factsOf(stats);
  } catch (error) {
    throw LeatError.from(error, `cannot access ${quote(name)}`);
  }
}

/** Why a name cannot be opened as a folder. */
function notAFolder(folder: Folder, name: string, path: string, error: unknown): LeatError {
  const facts = folder.stat(name);
  if (facts === undefined) return notFound(path);
  if (facts.kind === "LINK") return linkRefused(path);
  if (facts.kind !== "DIRECTORY") return notADirectory(path);
  return LeatError.from(error, `cannot reach ${quote(path)}`);
}
