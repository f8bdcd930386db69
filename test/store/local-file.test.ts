/** The client's own files: downloads come in whole or not at all, uploads read regular files only. */

import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import type { SinkOptions } from "../../src/store/write/sink-target.ts";
import { createLocalFile, openLocalFile } from "../../src/client/local/local-file.ts";
import { createResumableFile, type ResumableFile } from "../../src/client/local/resumable-file.ts";
import type { Sink } from "../../src/store/store.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { bytesOf, pattern, refused } from "./support.ts";

const umask = process.umask();

class LocalFolder extends TemporaryFolder {
  /** Names in it, the hidden ones too. */
  names(): string[] {
    return readdirSync(this.path).toSorted();
  }

  override [Symbol.dispose](): void {
    const left = process.platform === "linux" ? openUnder(this.path) : [];
    super[Symbol.dispose]();
    expect(left).toEqual([]);
  }
}

function createSink(path: string, options: Partial<SinkOptions> = {}): Sink {
  const sink = createLocalFile(path, { collision: "replace", durability: "none", ...options });
  if ("skipped" in sink) throw new Error(`${path} was skipped`);
  return sink;
}

function resumable(path: string): ResumableFile {
  const known = { version: "v", size: 1, sums: [] };
  const options = { collision: "replace", durability: "none", size: 1 } as const;
  const file = createResumableFile(path, options, known);
  if ("skipped" in file) throw new Error(`${path} was skipped`);
  return file;
}

async function save(
  path: string,
  contents: string | Uint8Array,
  options: Partial<SinkOptions> = {},
): Promise<void> {
  await using sink = createSink(path, options);
  await sink.write(typeof contents === "string" ? bytesOf(contents) : contents, 0);
  await sink.commit();
}

describe("createLocalFile", () => {
  test.each([0, 1, 1 << 20])("%d bytes arrive whole", async (size) => {
    using folder = new LocalFolder();
    const contents = pattern(size);
    await save(folder.at("file"), contents, { size, durability: "fsync" });
    expect(Buffer.compare(readFileSync(folder.at("file")), contents)).toBe(0);
    expect(folder.names()).toEqual(["file"]);
  });

  test.if(process.platform === "linux")("has no name until it is whole", async () => {
    using folder = new LocalFolder();
    await using sink = createSink(folder.at("file"));
    await sink.write(bytesOf("x"), 0);
    expect(folder.names()).toEqual([]);
    await sink.commit();
    expect(folder.names()).toEqual(["file"]);
    await using other = createSink(folder.at("file"));
    await other.write(bytesOf("y"), 0);
    expect(folder.names()).toEqual(["file"]);
  });

  test("one that can be continued is hidden, beside its target, its owner's alone", async () => {
    using folder = new LocalFolder();
    const { sink, sums } = resumable(folder.at("file"));
    await sink.write(bytesOf("x"), 0);
    const [partial = "", sumsFile = "", ...others] = folder.names();
    expect(others).toEqual([]);
    expect(partial).toMatch(/^\.file\.leat-[0-9a-f]{6}$/);
    expect(sumsFile).toBe(`${partial}.sums`);
    for (const name of [partial, sumsFile]) {
      expect(statSync(folder.at(name)).mode & 0o777).toBe(0o600);
    }
    sums?.remove();
    const entry = await sink.commit();
    expect(entry).toMatchObject({ name: "file", kind: "FILE", size: 1, mode: 0o666 & ~umask });
    expect(statSync(folder.at("file")).mode & 0o777).toBe(0o666 & ~umask);
    expect(folder.names()).toEqual(["file"]);
  });

  test.each(["n".repeat(255), "é".repeat(127), "🙂".repeat(63), "a b ##"])(
    "%s: any name of a file has room for its partial",
    async (name) => {
      using folder = new LocalFolder();
      const { sink, sums } = resumable(folder.at(name));
      expect(folder.names().length).toBe(2);
      for (const partial of folder.names()) {
        expect(Buffer.byteLength(partial)).toBeLessThanOrEqual(255);
        expect(partial.isWellFormed()).toBe(true);
      }
      sums?.remove();
      await sink.write(bytesOf("x"), 0);
      await sink.commit();
      expect(folder.names()).toEqual([name]);
    },
  );

  test("two downloads of one name do not meet", async () => {
    using folder = new LocalFolder();
    await using one = createSink(folder.at("file"));
    await using two = createSink(folder.at("file"));
    await one.write(bytesOf("one"), 0);
    await two.write(bytesOf("two"), 0);
    await one.commit();
    await two.commit();
    expect(readFileSync(folder.at("file"), "utf8")).toBe("two");
    expect(folder.names()).toEqual(["file"]);
  });

  test("replace keeps the mode, and the old contents until the end", async () => {
    using folder = new LocalFolder();
    const path = folder.file("file", "first");
    chmodSync(path, 0o640);
    await using sink = createSink(path, { modified: { seconds: 1000, nanoseconds: 5 } });
    await sink.write(bytesOf("second"), 0);
    expect(readFileSync(path, "utf8")).toBe("first");
    await sink.commit();
    expect(readFileSync(path, "utf8")).toBe("second");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(lstatSync(path, { bigint: true }).mtimeNs).toBe(1_000_000_000_005n);
  });

  test("fail: at once, and when the name was taken meanwhile", async () => {
    using folder = new LocalFolder();
    const path = folder.at("file");
    await using sink = createSink(path, { collision: "fail" });
    writeFileSync(path, "quicker");
    await refused("ALREADY_EXISTS", () => createSink(path, { collision: "fail" }));
    await refused("ALREADY_EXISTS", () => sink.commit());
    expect(readFileSync(path, "utf8")).toBe("quicker");
    expect(folder.names()).toEqual(["file"]);
  });

  test("skip: answered with what is there", () => {
    using folder = new LocalFolder();
    const path = folder.file("file", "first");
    const options = { collision: "skip", durability: "none" } as const;
    const skipped = { name: "file", kind: "FILE", size: 5 };
    expect(createLocalFile(path, options)).toMatchObject({ skipped });
  });

  test("a folder is named", async () => {
    using folder = new LocalFolder();
    mkdirSync(folder.at("folder"));
    for (const path of ["folder", "folder/", "folder/.", "folder/..", "", "new/"]) {
      await refused("IS_A_DIRECTORY", () => createSink(`${folder.path}/${path}`));
    }
    await refused("IS_A_DIRECTORY", () => createSink("/"));
    await refused("INVALID_NAME", () => createSink(""));
    await refused("INVALID_NAME", () => createSink(folder.at("a\0b")));
  });

  test("a folder that is missing, or none, is named", async () => {
    using folder = new LocalFolder();
    folder.file("file");
    const missing = await refused("NOT_FOUND", () => createSink(folder.at("no/such")));
    expect(missing.message).toContain(folder.at("no"));
    const none = await refused("NOT_A_DIRECTORY", () => createSink(folder.at("file/x")));
    expect(none.message).toContain(folder.at("file"));
  });

  test.each<[string, (path: string) => unknown]>([
    ["a FIFO", (path) => spawnSync("mkfifo", [path])],
    ["a link to a device", (path) => symlinkSync("/dev/null", path)],
    ["a link to a file", (path) => symlinkSync("elsewhere", path)],
  ])("%s is left alone", async (_kind, make) => {
    using folder = new LocalFolder();
    folder.file("elsewhere", "precious");
    make(folder.at("target"));
    await refused("NOT_A_REGULAR_FILE", () => createSink(folder.at("target")));
    expect(lstatSync(folder.at("target")).isFile()).toBe(false);
    expect(readFileSync(folder.at("elsewhere"), "utf8")).toBe("precious");
    expect(folder.names()).toEqual(["elsewhere", "target"]);
  });

  test("/dev/null is neither replaced nor removed", async () => {
    await refused("NOT_A_REGULAR_FILE", () => createSink("/dev/null"));
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("what was given up leaves nothing; a size that is wrong, too", async () => {
    using folder = new LocalFolder();
    await createSink(folder.at("file")).discard();
    {
      await using sink = createSink(folder.at("file"), { size: 2 });
      await sink.write(bytesOf("x"), 0);
      await refused("SIZE_MISMATCH", () => sink.commit());
    }
    await refused("NO_SPACE", () => createSink(folder.at("file"), { size: 2 ** 52 }));
    expect(folder.names()).toEqual([]);
  });

  test("a folder that goes away fails the commit", async () => {
    using folder = new LocalFolder();
    mkdirSync(folder.at("folder"));
    await using sink = createSink(folder.at("folder/file"));
    rmSync(folder.at("folder"), { recursive: true });
    await refused("NOT_FOUND", () => sink.commit());
    expect(folder.names()).toEqual([]);
  });
});

describe("openLocalFile", () => {
  test("reads a file, also through a link", async () => {
    using folder = new LocalFolder();
    folder.file("file", "contents");
    symlinkSync("file", folder.at("link"));
    for (const name of ["file", "link"]) {
      using source = openLocalFile(folder.at(name));
      expect(source.entry).toMatchObject({ name, kind: "FILE", size: 8 });
      const into = new Uint8Array(20);
      expect(await source.read(into, 3)).toBe(5);
      expect(await source.currentVersion()).toBe(source.entry.version);
      writeFileSync(folder.at("file"), "CONTENTS, and more of them");
      expect(await source.currentVersion()).not.toBe(source.entry.version);
      writeFileSync(folder.at("file"), "contents");
    }
  });

  test("nothing else", async () => {
    using folder = new LocalFolder();
    spawnSync("mkfifo", [folder.at("fifo")]);
    folder.file("file");
    const { message } = await refused("NOT_FOUND", () => openLocalFile(folder.at("missing")));
    expect(message).toContain(folder.at("missing"));
    await refused("NOT_A_DIRECTORY", () => openLocalFile(folder.at("file/x")));
    await refused("IS_A_DIRECTORY", () => openLocalFile(folder.path));
    await refused("IS_A_DIRECTORY", () => openLocalFile(`${folder.path}/`));
    await refused("NOT_A_REGULAR_FILE", () => openLocalFile(folder.at("fifo")));
    await refused("NOT_A_REGULAR_FILE", () => openLocalFile("/dev/null"));
    await refused("INVALID_NAME", () => openLocalFile(""));
    await refused("INVALID_NAME", () => openLocalFile("\0"));
  });
});
