/** Trees that are to go where they come from: the library of the server lies on this machine. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { connectInMemory } from "leat/testing";
import { basename } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { leat, type Ran, RunningServer } from "./support.ts";

/** What lies below a folder, but for what is leat's own. */
function below(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => !/(^|\/)\.leat/.test(name)).toSorted();
}

const TREE = ["a", "docs", "docs/b", "docs/deep", "docs/deep/c"];

async function served(
  use: (library: TemporaryFolder, run: (...args: string[]) => Promise<Ran>) => Promise<void>,
  ...flags: string[]
): Promise<void> {
  using around = new TemporaryFolder();
  const library = new TemporaryFolder(around.path);
  library.file("a", "a");
  library.file("docs/b", "b");
  library.file("docs/deep/c", "c");
  await using server = await RunningServer.start([library.path, "--port", "0", ...flags]);
  await use(library, (...args) =>
    leat(library.path, ["client", "--server", server.address, ...args]),
  );
}

const refused = (what: string, where: string, command: string): Ran => ({
  code: 10,
  stdout: "",
  stderr: `leat: ${command}: ${what} cannot be moved into itself, to ${JSON.stringify(where)} (INVALID_ARGUMENT)\n`,
});

describe("get -r", () => {
  test("refuses to fetch a folder into itself, and makes nothing", async () => {
    await served(async (library, run) => {
      expect(await run("get", "-r", ".", "-o", "copy")).toEqual(
        refused("the library", "copy", "get"),
      );
      expect(await run("get", "-r", ".")).toMatchObject({ code: 10 });
      expect(await run("get", "-r", "docs")).toEqual(refused('"docs"', "docs", "get"));
      expect(await run("get", "-r", "docs", "-o", "docs/deep/new")).toEqual(
        refused('"docs"', "docs/deep/new", "get"),
      );
      library.folder("copy"); // one that is there already
      expect(await run("get", "-r", ".", "-o", "copy/")).toMatchObject({ code: 10 });
      expect(below(library.path)).toEqual([...TREE, "copy"].toSorted());
    });
  });

  test("finds the library behind a link", async () => {
    await served(async (library, run) => {
      using elsewhere = new TemporaryFolder();
      symlinkSync(library.at("docs"), elsewhere.at("link"));
      const ran = await run("get", "-r", "docs", "-o", elsewhere.at("link/copy"));
      expect(ran).toEqual(refused('"docs"', elsewhere.at("link/copy"), "get"));
      expect(below(library.path)).toEqual(TREE);
    });
  });

  test("fetches beside itself, and into the library of another server", async () => {
    await served(async (library, run) => {
      expect(await run("get", "-r", "docs", "-o", "other")).toMatchObject({ code: 0 });
      expect(below(library.at("other"))).toEqual(["b", "deep", "deep/c"]);
      await served(async (mirror) => {
        expect(await run("get", "-r", ".", "-o", `${mirror.path}/`)).toMatchObject({ code: 0 });
        expect(below(mirror.path)).toEqual(below(library.path));
      });
    });
  });

  test("finds the library of a server that may not write into it", async () => {
    await served(async (library, run) => {
      expect(existsSync(library.at(".leat"))).toBe(false);
      expect(await run("get", "-r", ".", "-o", "copy")).toMatchObject({ code: 10 });
      expect(below(library.path)).toEqual(TREE);
    }, "--read-only");
  });

  test("ends also where nothing tells that it is the same folder", async () => {
    using library = new TemporaryFolder();
    for (const name of ["a", "docs/b", "docs/deep/c"]) library.file(name, name);
    // Over a line in memory nobody knows where the other end is.
    await using leat = await connectInMemory({ library: library.path, readOnly: true });
    const fetch = async (): Promise<void> => {
      for await (const { error } of leat.client.getTreeOutcomes("", library.at("copy"))) {
        expect(error).toBeUndefined();
      }
    };
    await fetch();
    const once = TREE.map((name) => `copy/${name}`);
    expect(below(library.path)).toEqual([...TREE, "copy", ...once].toSorted());
    await fetch();
    // What was there when it was looked, and no more.
    const twice = once.map((name) => `copy/${name}`);
    expect(below(library.path)).toEqual(
      [...TREE, "copy", ...once, "copy/copy", ...twice].toSorted(),
    );
  });
});

describe("upload -r", () => {
  test("refuses to send a folder into itself, and makes nothing", async () => {
    await served(async (library, run) => {
      expect(await run("upload", "-r", "docs", "-o", "docs/copy")).toEqual(
        refused('"docs"', "docs/copy", "upload"),
      );
      expect(await run("upload", "-r", ".")).toMatchObject({ code: 10 });
      expect(await run("upload", "-r", library.path, "-o", "docs/x")).toMatchObject({ code: 10 });
      expect(below(library.path)).toEqual(TREE);
      expect(readdirSync(library.path).toSorted()).toEqual(["a", "docs"]);
    });
  });

  test("leaves out the library that lies in what it sends, says so, and sends the rest", async () => {
    await served(async (library, run) => {
      const around = `${library.path}/..`;
      mkdirSync(`${around}/beside`);
      await Bun.write(`${around}/beside/file`, "beside");
      const ran = await run("upload", "-r", around, "-o", "all");
      expect(ran.code).toBe(10);
      expect(ran.stderr).toEndWith(
        "is the library that it would be sent to: it is left out (INVALID_ARGUMENT)\n",
      );
      expect(below(library.at("all"))).toEqual(["beside", "beside/file"]);
      expect(readFileSync(library.at("all/beside/file"), "utf8")).toBe("beside");
    });
    // Into the library itself, which has nothing by which it is known before something was received.
    await served(async (library, run) => {
      const around = new TemporaryFolder(`${library.path}/..`);
      around.file("deep/er/file", "deeper");
      expect((await run("upload", "-r", `${library.path}/../.`)).code).toBe(10);
      const name = basename(around.path);
      const sent = [name, `${name}/deep`, `${name}/deep/er`, `${name}/deep/er/file`];
      expect(below(library.path)).toEqual([...TREE, ...sent].toSorted());
    });
  });

  test("sends beside itself", async () => {
    await served(async (library, run) => {
      expect(await run("upload", "-r", "docs", "-o", "other")).toMatchObject({ code: 0 });
      expect(below(library.at("other"))).toEqual(["b", "deep", "deep/c"]);
      expect(readdirSync(library.path).toSorted()).toEqual([".leat", "a", "docs", "other"]);
    });
  });
});
