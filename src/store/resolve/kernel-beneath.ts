/** Resolution by the kernel: openat2(2) with RESOLVE_BENEATH. */

import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import type { Beneath, Folder, OpenFile } from "./beneath.ts";
import { Descriptor } from "../system/descriptor.ts";
import type { Facts } from "../system/facts.ts";
import {
  ERRNO,
  O_PATH,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  statAt,
  statDescriptor,
  systemError,
} from "../system/kernel.ts";
import { type NameTaker, readFolder } from "./folder-reader.ts";
import { quote } from "../names.ts";
import { standsForOwnFolder } from "./own-folder.ts";
import { checkRegular, reopen } from "./open-regular.ts";
import { leadsOutside, linkRefused, notFound } from "../system/refusals.ts";

const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

/** openat2 gives up with EAGAIN when folders move while it climbs; then it is asked again. */
const TRIES = 32;

export class KernelBeneath implements Beneath {
  readonly followsLinks = true;
  readonly #root: Descriptor;
  /** `/proc/self/fd`: from here to a file that was found takes 2.5 us, from the root 3.6. */
  readonly #descriptors: Descriptor;

  /** @param root descriptor of the library, O_PATH; ours to close from now on */
  constructor(root: number) {
    this.#root = new Descriptor(root);
    try {
      this.#descriptors = new Descriptor(openSync("/proc/self/fd", O_PATH | constants.O_DIRECTORY));
    } catch (error) {
      this.#root[Symbol.dispose]();
      throw error;
    }
  }

  get path(): string {
    return `/proc/self/fd/${this.#root.fd}`;
  }

  folder(segments: readonly string[]): Folder {
    const fd = this.#resolve(segments, O_PATH | constants.O_DIRECTORY);
    return openFolder(fd, segments.join("/"));
  }

  stat(segments: readonly string[]): Facts {
    using found = new Descriptor(this.#resolve(segments, O_PATH));
    return factsOrThrow(statDescriptor(found.fd), segments.join("/"));
  }

  openFile(segments: readonly string[]): OpenFile {
    using found = new Descriptor(this.#resolve(segments, O_PATH));
    const path = segments.join("/");
    const facts = factsOrThrow(statDescriptor(found.fd), path);
    checkRegular(facts, path);
    try {
      return { fd: reopen(found.fd, this.#descriptors.fd), facts };
    } catch (error) {
      throw LeatError.from(error, `cannot open ${quote(path)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
    this.#descriptors[Symbol.dispose]();
  }

  /** @returns a descriptor */
  #resolve(segments: readonly string[], flags: number): number {
    const path = segments.length === 0 ? "." : segments.join("/");
    if (segments.length > 0 && standsForOwnFolder(segments[0] ?? "", this.#look))
      throw notFound(path);
    const direct = openat2(this.#root.fd, path, flags, BENEATH | RESOLVE_NO_SYMLINKS);
    if (direct >= 0) return direct;
    if (direct !== -ERRNO.ELOOP) throw refusal(direct, segments.join("/"));
    return this.#resolveLinks(path, flags);
  }

  #resolveLinks(path: string, flags: number): number {
    let fd = -ERRNO.EAGAIN;
    for (let i = 0; i < TRIES && fd === -ERRNO.EAGAIN; i++) {
      fd = openat2(this.#root.fd, path, flags, BENEATH);
    }
    if (fd < 0) throw refusal(fd, path);
    try {
      if (!this.#isOwn(fd)) return fd;
    } catch (error) {
      closeSync(fd);
      // A path can be longer from the root of the system than what the kernel shows of it.
      throw LeatError.from(error, `cannot tell where ${quote(path)} leads`);
    }
    closeSync(fd);
    throw notFound(path);
  }

  /** Whether a link led into the store's own folder, past the check of the name. */
  #isOwn(fd: number): boolean {
    const library = readlinkSync(`/proc/self/fd/${this.#root.fd}`);
    const found = readlinkSync(`/proc/self/fd/${fd}`);
    const prefix = library === "/" ? "/" : `${library}/`;
    if (!found.startsWith(prefix)) return false;
    return standsForOwnFolder(found.slice(prefix.length).split("/")[0] ?? "", this.#look);
  }

  /** A name at the root. */
  readonly #look = (name: string): Facts | undefined => lookAt(this.#root.fd, name);
}

class KernelFolder implements Folder {
  readonly #folder: Descriptor;
  readonly facts: Facts;

  constructor(fd: number, facts: Facts) {
    this.#folder = new Descriptor(fd);
    this.facts = facts;
  }

  get fd(): number {
    return this.#folder.fd;
  }

  get path(): string {
    return `/proc/self/fd/${this.#folder.fd}`;
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  stat(name: string): Facts | undefined {
    return lookAt(this.#folder.fd, name);
  }

  child(name: string, path: string): Folder {
    const flags = O_PATH | constants.O_DIRECTORY;
    const fd = openat2(this.#folder.fd, name, flags, BENEATH | RESOLVE_NO_SYMLINKS);
    if (fd === -ERRNO.ELOOP) throw linkRefused(path);
    if (fd < 0) throw refusal(fd, path);
    return openFolder(fd, path);
  }

  readNames(shown: string, taker: NameTaker): Promise<void> {
    return readFolder(this.path, shown, taker);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

function lookAt(folder: number, name: string): Facts | undefined {
  const facts = statAt(folder, name);
  if (typeof facts === "object") return facts;
  if (facts === -ERRNO.ENOENT) return undefined;
  throw LeatError.from(systemError(-facts, "statx"), `cannot look at ${quote(name)}`);
}

/** @param fd ours to close from now on */
function openFolder(fd: number, path: string): Folder {
  const facts = statDescriptor(fd);
  if (typeof facts === "number") closeSync(fd);
  return new KernelFolder(fd, factsOrThrow(facts, path));
}

function factsOrThrow(facts: Facts | number, path: string): Facts {
  if (typeof facts === "object") return facts;
  throw LeatError.from(systemError(-facts, "statx"), `cannot look at ${quote(path)}`);
}

function refusal(result: number, path: string): LeatError {
  switch (-result) {
    case ERRNO.ENOENT:
      return notFound(path);
    case ERRNO.EXDEV:
      return leadsOutside(path);
    case ERRNO.EAGAIN:
      return new LeatError("UNAVAILABLE", `folders moved while ${quote(path)} was looked for`);
    default:
      return LeatError.from(systemError(-result, "openat2"), `cannot reach ${quote(path)}`);
  }
}
