/** Opening a library, and what its permissions allow. */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { DiskStore } from "../../src/store/disk/disk.ts";
import { inheritedUnder, openUnder, TemporaryFolder } from "../support/folder.ts";
import { bytesOf, create, getText, names, page, put, refused, RESOLUTIONS } from "./support.ts";

const NOBODY = 65_534;

/** Whether permissions can be tested: not as root, unless root can be somebody else for a while. */
const asNobody = process.getuid?.() === 0 && process.seteuid !== undefined;

/** Runs as a user whom permissions bind. */
async function bound<T>(work: () => T | Promise<T>): Promise<T> {
  if (!asNobody) return await work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe.each(RESOLUTIONS)("%s", (resolution) => {
  test("a folder that is missing, or none, is named", async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("file");
    for (const [code, path] of [
      ["NOT_FOUND", folder.at("missing")],
      ["NOT_A_DIRECTORY", file],
      ["NOT_A_DIRECTORY", folder.at("file/x")],
    ] as const) {
      const { message } = await refused(code, () => DiskStore.open(path, { resolution }));
      expect(message).toContain(path);
    }
  });

  test("the library itself may be a link", async () => {
    using folder = new TemporaryFolder();
    folder.file("real/file", "contents");
    symlinkSync("real", folder.at("link"));
    await using store = DiskStore.open(folder.at("link"), { resolution });
    expect(await getText(store, "file")).toBe("contents");
  });

  test("a folder of another name now is still served", async () => {
    if (resolution === "walk-paths") return;
    using folder = new TemporaryFolder();
    folder.file("old/file", "contents");
    await using store = DiskStore.open(folder.at("old"), { resolution });
    await Bun.$`mv ${folder.at("old")} ${folder.at("new")}`.quiet();
    expect(await getText(store, "file")).toBe("contents");
    await put(store, "more", "x", { durability: "fsync" });
    expect(await names(store, "")).toEqual(["file", "more"]);
  });

  test("the root of the system can be served", async () => {
    await using store = DiskStore.open("/", { resolution, readOnly: true });
    expect(store.stat("").kind).toBe("DIRECTORY");
    expect(store.stat("etc").kind).toBe("DIRECTORY");
    expect(await names(store, "")).toContain("etc");
  });

  test.if(process.platform === "linux")(
    "no descriptor is inherited by child processes",
    async () => {
      using folder = new TemporaryFolder();
      folder.file("folder/file", "contents");
      await using store = DiskStore.open(folder.path, { resolution });
      using source = await store.open("folder/file");
      await using sink = await create(store, "folder/new");
      await sink.write(bytesOf("x"), 0);
      const open = openUnder(folder.path);
      expect(open.length).toBeGreaterThanOrEqual(2);
      expect(source.fd).toBeGreaterThan(2);
      expect(inheritedUnder(folder.path)).toEqual([]);
    },
  );

  test("permissions are those of the file system", async () => {
    using folder = new TemporaryFolder();
    chmodSync(folder.path, 0o755);
    chmodSync(folder.folder("library"), 0o777);
    folder.file("library/secret", "s");
    chmodSync(folder.at("library/secret"), 0);
    folder.file("library/closed/file");
    mkdirSync(folder.at("library/fixed"));
    chmodSync(folder.at("library/closed"), 0);
    chmodSync(folder.at("library/fixed"), 0o555);
    folder.folder("unreadable");
    chmodSync(folder.at("unreadable"), 0);
    await bound(async () => {
      const { message } = await refused("PERMISSION_DENIED", () =>
        DiskStore.open(folder.at("unreadable"), { resolution }),
      );
      expect(message).toContain(folder.at("unreadable"));
      await using store = DiskStore.open(folder.at("library"), { resolution });
      await refused("PERMISSION_DENIED", () => store.open("secret"));
      await refused("PERMISSION_DENIED", () => store.stat("closed/file"));
      await refused("PERMISSION_DENIED", () => page(store, "closed"));
      await refused("PERMISSION_DENIED", () => create(store, "closed/new"));
      await refused("PERMISSION_DENIED", () => store.remove("closed/file"));
      await refused("PERMISSION_DENIED", () => store.makeDirectory("fixed/new", false));
      await refused("PERMISSION_DENIED", () => store.rename("secret", "fixed/new", false));
      await refused("PERMISSION_DENIED", () => put(store, "fixed/new"));
      expect(await names(store, "")).toEqual(["closed", "fixed", "secret"]);
    });
    for (const name of ["library/closed", "unreadable"]) chmodSync(folder.at(name), 0o700);
  });

  test("a library that cannot be written is served, and refuses uploads", async () => {
    using folder = new TemporaryFolder();
    folder.file("file", "contents");
    chmodSync(folder.path, 0o555);
    await bound(async () => {
      await using store = DiskStore.open(folder.path, { resolution });
      expect(await getText(store, "file")).toBe("contents");
      await refused("PERMISSION_DENIED", () => create(store, "new"));
    });
    chmodSync(folder.path, 0o700);
  });
});
