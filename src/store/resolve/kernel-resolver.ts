/** Resolution by the kernel: openat2(2) with RESOLVE_BENEATH. */

import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { DescriptorFolder } from "./descriptor-folder.ts";
import type { Folder } from "./folder.ts";
import type { Resolver, OpenFile } from "./resolver.ts";
import { Descriptor } from "../system/descriptor.ts";
import type { Facts } from "../system/facts.ts";
import {
  ERRNO,
  O_PATH,
  openat2,
  quickEntryAt,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  statAt,
  statBytesAt,
  statDescriptor,
  systemError,
} from "../system/kernel.ts";
import { quote } from "../names.ts";
import type { NamelessEntry } from "../store.ts";
import { namesOwnFolder } from "./own-folder.ts";
import { checkRegular, reopen } from "./open-regular.ts";
import { leadsOutside, linkRefused, notFound } from "../system/refusals.ts";

const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

/** openat2 fails with EAGAIN when folders are renamed while it follows ".."; then it is called again. */
const TRIES = 32;

export class KernelResolver implements Resolver {
  readonly followsLinks: boolean;
  readonly #root: Descriptor;
  /** `/proc/self/fd`: reopening a descriptor relative to it takes 2.5 us, by its whole path 3.6. */
  readonly #descriptors: Descriptor;

  /** @param root descriptor of the library, O_PATH; closed when this is disposed */
  constructor(root: number, followsLinks: boolean) {
    this.followsLinks = followsLinks;
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
    if (segments.length > 0 && namesOwnFolder(segments[0] ?? "", this.#statAtRoot))
      throw notFound(path);
    const direct = openat2(this.#root.fd, path, flags, BENEATH | RESOLVE_NO_SYMLINKS);
    if (direct >= 0) return direct;
    if (direct !== -ERRNO.ELOOP) throw refusal(direct, segments.join("/"));
    if (!this.followsLinks) throw linkRefused(path);
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

  /** Whether a link led into the store's own folder, which the check of the name does not notice. */
  #isOwn(fd: number): boolean {
    const library = readlinkSync(`/proc/self/fd/${this.#root.fd}`);
    const found = readlinkSync(`/proc/self/fd/${fd}`);
    const prefix = library === "/" ? "/" : `${library}/`;
    if (!found.startsWith(prefix)) return false;
    return namesOwnFolder(found.slice(prefix.length).split("/")[0] ?? "", this.#statAtRoot);
  }

  readonly #statAtRoot = (name: string): Facts | undefined => statName(this.#root.fd, name);
}

class KernelFolder extends DescriptorFolder {
  stat(name: string): Facts | undefined {
    return statName(this.fd, name);
  }

  override statBytes(bytes: Buffer, start: number, end: number): Facts | undefined {
    const facts = statBytesAt(this.fd, bytes, start, end);
    if (typeof facts === "object") return facts;
    return this.stat(bytes.toString("utf8", start, end)); // that says what is wrong
  }

  quickEntry(bytes: Buffer, start: number, end: number): NamelessEntry | undefined {
    return quickEntryAt(this.fd, bytes, start, end);
  }

  child(name: string, path: string): Folder {
    const flags = O_PATH | constants.O_DIRECTORY;
    const fd = openat2(this.fd, name, flags, BENEATH | RESOLVE_NO_SYMLINKS);
    if (fd === -ERRNO.ELOOP) throw linkRefused(path);
    if (fd < 0) throw refusal(fd, path);
    return openFolder(fd, path);
  }
}

function statName(folder: number, name: string): Facts | undefined {
  const facts = statAt(folder, name);
  return facts === -ERRNO.ENOENT ? undefined : factsOrThrow(facts, name);
}

/** @param fd closed with the folder, or when this fails */
function openFolder(fd: number, path: string): Folder {
  const facts = statDescriptor(fd);
  if (typeof facts === "number") closeSync(fd);
  return new KernelFolder(fd, factsOrThrow(facts, path));
}

function factsOrThrow(facts: Facts | number, path: string): Facts {
  if (typeof facts === "object") return facts;
  throw LeatError.from(systemError(-facts, "statx"), `cannot access ${quote(path)}`);
}

function refusal(result: number, path: string): LeatError {
  switch (-result) {
    case ERRNO.ENOENT:
      return notFound(path);
    case ERRNO.EXDEV:
      return leadsOutside(path);
    case ERRNO.EAGAIN:
      return new LeatError("UNAVAILABLE", `folders were renamed while ${quote(path)} was resolved`);
    default:
      return LeatError.from(systemError(-result, "openat2"), `cannot reach ${quote(path)}`);
  }
}
