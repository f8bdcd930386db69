/** A library on disk for tests of the disk store, with a neighbour that must stay out of reach. */

import { expect } from "bun:test";
import { readdirSync, symlinkSync } from "node:fs";
import { DiskStore } from "../../src/store/disk/disk.ts";
import type { Resolution } from "../../src/store/resolve/library.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";

export class DiskLibrary implements AsyncDisposable {
  /** Holds the library and its neighbour. */
  readonly around = new TemporaryFolder();
  readonly path: string;
  readonly store: DiskStore;

  constructor(resolution?: Resolution, prepare: (library: string) => void = () => {}) {
    this.path = this.around.folder("library");
    prepare(this.path);
    this.store = DiskStore.open(this.path, { resolution });
  }

  /** The local path of something in the library. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file by the back door. @returns its local path */
  file(name: string, contents: string | Uint8Array = ""): string {
    return this.around.file(`library/${name}`, contents);
  }

  /** Names in the folder of partial files. */
  partials(): string[] {
    return readdirSync(this.at(".leat/partial"));
  }

  /** Closes the store; no descriptor may be left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    const left = process.platform === "linux" ? openUnder(this.around.path) : [];
    this.around[Symbol.dispose]();
    expect(left).toEqual([]);
  }
}

/** A library with a neighbour `secret` and links of every kind. */
export class LinkedLibrary extends DiskLibrary {
  constructor(resolution: Resolution) {
    super(resolution);
    this.around.file("secret/file", "the secret");
    this.around.file("library/folder/file", "inside");
    this.around.folder("library/deep/er");
    this.link("../secret", "outside");
    this.link("../secret/file", "outside-file");
    this.link(this.around.at("secret"), "absolute");
    this.link(this.around.at("secret/file"), "absolute-file");
    this.link("..", "up");
    this.link("../..", "deep/up");
    this.link("outside", "hop");
    this.link("/proc/self/root/etc", "magic");
    this.link("/proc/self/cwd", "magic-cwd");
    this.link("/", "root");
  }

  link(target: string, name: string): void {
    symlinkSync(target, this.at(name));
  }

  /** All names in and around the library, links not followed. */
  everyName(): string[] {
    return ["", "secret", "library", "library/folder", "library/deep"].flatMap((folder) =>
      readdirSync(this.around.at(folder)).toSorted(),
    );
  }
}
