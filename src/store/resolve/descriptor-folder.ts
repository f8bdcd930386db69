import { Descriptor } from "../system/descriptor.ts";
import type { Facts } from "../system/facts.ts";
import type { Folder } from "./folder.ts";
import { type NameTaker, readFolder } from "./folder-reader.ts";

/** A folder that is held by a descriptor, and reached by /proc. */
export abstract class DescriptorFolder implements Folder {
  readonly #folder: Descriptor;
  readonly facts: Facts;

  /** @param fd O_PATH; closed when this is disposed */
  constructor(fd: number, facts: Facts) {
    this.#folder = new Descriptor(fd);
    this.facts = facts;
  }

  abstract stat(name: string): Facts | undefined;

  statBytes(bytes: Buffer, start: number, end: number): Facts | undefined {
    return this.stat(bytes.toString("utf8", start, end));
  }

  abstract child(name: string, path: string): Folder;

  get fd(): number {
    return this.#folder.fd;
  }

  get path(): string {
    return `/proc/self/fd/${this.#folder.fd}`;
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  readNames(shown: string, taker: NameTaker): Promise<void> {
    return readFolder(this.path, shown, taker, { fd: this.fd });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
