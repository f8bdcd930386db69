/** The quick way to write a small file leaves what the ordinary way leaves. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
} from "node:fs";
import { SYNC_TOGETHER } from "../../src/limits.ts";
import { TreeSyncs } from "../../src/store/write/file-syncs.ts";
import { createLocalFile } from "../../src/client/local/local-file.ts";
import { LocalFolder } from "../../src/client/local/local-folder.ts";
import type { Collision } from "../../src/store/store.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refused } from "./support.ts";

const modified = { seconds: 1_600_000_000, nanoseconds: 123_456_789 };
const quick = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);

async function ordinarily(path: string, bytes: Uint8Array): Promise<void> {
  const sink = createLocalFile(path, {
    collision: "replace",
    durability: "none",
    modified,
    size: bytes.length,
  });
  if ("skipped" in sink) throw new Error("skipped");
  await sink.write(bytes, 0);
  await sink.commit();
}

function facts(path: string): object {
  const { mode, mtimeNs, size, nlink } = lstatSync(path, { bigint: true });
  return { mode, mtimeNs, size, nlink, contents: readFileSync(path, "latin1") };
}

/** A file that is open. */
class DiskLook implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "r");
  }

  get text(): string {
    return readFileSync(this.#fd, "utf8");
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

describe("a small file", () => {
  test.each([0, 1, 4096, 65_536])("of %d bytes is as the ordinary way writes it", async (size) => {
    using here = new TemporaryFolder();
    using folder = LocalFolder.open(here.path);
    const bytes = new Uint8Array(size).fill(65);
    const name = `ü ${"x".repeat(200)}`;
    expect(folder.writeSmall(name, bytes, { modified })).toBe(quick);
    if (!quick) return;
    await ordinarily(here.at("other"), bytes);
    expect(facts(here.at(name))).toEqual(facts(here.at("other")));
    expect(readdirSync(here.path).toSorted()).toEqual(["other", name].toSorted());
  });

  test("is left to local-file.ts where the name is taken, or nothing can be made", () => {
    using here = new TemporaryFolder();
    here.file("file", "old");
    here.folder("folder");
    symlinkSync("nowhere", here.at("link"));
    using folder = LocalFolder.open(here.path);
    for (const name of ["file", "folder", "link"]) {
      expect(folder.writeSmall(name, new Uint8Array(1), { modified })).toBe(false);
    }
    expect(readFileSync(here.at("file"), "utf8")).toBe("old");
    expect(folder.writeSmall("n".repeat(256), new Uint8Array(1), { modified })).toBe(false);
    using gone = LocalFolder.open(here.folder("gone"));
    rmdirSync(here.at("gone"));
    expect(gone.writeSmall("x", new Uint8Array(1), { modified })).toBe(false);
    expect(readdirSync(here.path).toSorted()).toEqual(["file", "folder", "link"]);
  });

  test.each([0o644, 0o600, 0o444, 0o666, 0])(
    "of mode 0%o is replaced as the ordinary way replaces it",
    async (mode) => {
      using here = new TemporaryFolder();
      using folder = LocalFolder.open(here.path);
      const bytes = Buffer.from("newer");
      for (const name of ["quick", "ordinary"]) chmodSync(here.file(name, "old"), mode);
      using open = new DiskLook(here.at("quick"));
      expect(folder.writeSmall("quick", bytes, { modified, mode: 0o755 }, "replace")).toBe(quick);
      if (!quick) return;
      await ordinarily(here.at("ordinary"), bytes);
      expect(facts(here.at("quick"))).toEqual(facts(here.at("ordinary")));
      expect(open.text).toBe("old"); // it is another file
      expect(readdirSync(here.path).toSorted()).toEqual(["ordinary", "quick"]);
    },
  );

  test("does not replace what is no file, or of another group", () => {
    using here = new TemporaryFolder();
    here.folder("folder");
    symlinkSync("file", here.at("link"));
    here.file("file", "old");
    const names = ["folder", "link"];
    if (process.getuid?.() === 0) {
      chownSync(here.file("group", "old"), 0, 4242);
      names.push("group");
    }
    using folder = LocalFolder.open(here.path);
    const before = readdirSync(here.path).toSorted();
    for (const name of names) {
      expect(folder.writeSmall(name, new Uint8Array(1), { modified }, "replace")).toBe(false);
    }
    expect(readFileSync(here.at("file"), "utf8")).toBe("old");
    expect(readdirSync(here.path).toSorted()).toEqual(before);
  });

  test.each(["none", "fsync"] as const)(
    "of many is as the ordinary way writes it (%s)",
    async (durability) => {
      using here = new TemporaryFolder();
      chmodSync(here.file("file", "old"), 0o640);
      here.folder("folder");
      using folder = LocalFolder.open(here.path);
      using syncs = new TreeSyncs();
      const save = async (name: string, collision: Collision): Promise<boolean> => {
        const options = { collision, durability, modified, size: 3, syncs };
        const sink = folder.create(name, options);
        if ("skipped" in sink) return false;
        await using held = sink;
        await held.write(Buffer.from("new"), 0);
        await held.commit();
        return true;
      };
      const many = Array.from({ length: 3 * SYNC_TOGETHER }, (_, i) => `f${i}`);
      await Promise.all(many.map((name) => save(name, "fail")));
      await ordinarily(here.at("other"), Buffer.from("new"));
      for (const name of many) expect(facts(here.at(name))).toEqual(facts(here.at("other")));

      await refused("ALREADY_EXISTS", () => save("file", "fail"));
      expect(await save("file", "skip")).toBe(false);
      expect(readFileSync(here.at("file"), "utf8")).toBe("old");
      await refused("IS_A_DIRECTORY", () => save("folder", "replace"));
      expect(await save("file", "replace")).toBe(true);
      expect(lstatSync(here.at("file")).mode & 0o777).toBe(0o640);
      expect(readFileSync(here.at("file"), "utf8")).toBe("new");
      expect(readdirSync(here.path).toSorted()).toEqual(
        [...many, "file", "folder", "other"].toSorted(),
      );
    },
  );

  test("does not follow a link that replaced its folder", () => {
    using here = new TemporaryFolder();
    using outside = new TemporaryFolder();
    using folder = LocalFolder.open(here.folder("target"));
    rmdirSync(here.at("target"));
    symlinkSync(outside.path, here.at("target"));
    expect(folder.writeSmall("x", new Uint8Array(1), { modified })).toBe(false);
    expect(readdirSync(outside.path)).toEqual([]);
  });
});
