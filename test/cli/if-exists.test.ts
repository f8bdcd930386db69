/** `--if-exists newer` and `different` of get and upload. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { expectFailure, leat, quietly, type Ran, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

const client = (here: TemporaryFolder, ...args: string[]): Promise<Ran> =>
  leat(here.path, ["client", "--server", served.server.address, ...args]);

/** Contents and seconds of each file. */
type Files = Readonly<Record<string, readonly [contents: string, seconds: number]>>;

const SOURCE: Files = {
  same: ["source", 1000],
  "newer, as large": ["source", 2000],
  older: ["source", 1000],
  larger: ["source is larger", 1000],
  "deep/missing": ["source", 1000],
  "deep/same": ["source", 1000],
};

const TARGET: Files = {
  same: ["target", 1000],
  "newer, as large": ["target", 1000],
  older: ["target", 2000],
  larger: ["target", 1000],
  "deep/same": ["target", 1000],
  other: ["target", 1000],
};

function plant(folder: string, files: Files): void {
  for (const [name, [contents, seconds]] of Object.entries(files)) {
    mkdirSync(`${folder}/${name}/..`.replace(/\/[^/]*\/\.\.$/, ""), { recursive: true });
    writeFileSync(`${folder}/${name}`, contents);
    utimesSync(`${folder}/${name}`, seconds, seconds);
  }
}

const REPLACED: Readonly<Record<string, readonly string[]>> = {
  newer: ["newer, as large"],
  different: ["newer, as large", "older", "larger"],
};

/** All names, those that came first. */
function cameTo(folder: string): { came: string[]; kept: string[] } {
  const names = Object.keys({ ...SOURCE, ...TARGET });
  const isSource = (name: string) => readFileSync(`${folder}/${name}`, "utf8").startsWith("source");
  return {
    came: names.filter(isSource).toSorted(),
    kept: names.filter((name) => !isSource(name)).toSorted(),
  };
}

let count = 0;

describe.each(["newer", "different"])("%s", (rule) => {
  const came = [...REPLACED[rule]!, "deep/missing"].toSorted();
  const kept = Object.keys({ ...SOURCE, ...TARGET })
    .filter((name) => !came.includes(name))
    .toSorted();

  test("get -r", async () => {
    using here = new TemporaryFolder();
    const name = `get${count++}`;
    plant(served.library.at(name), SOURCE);
    plant(here.at(name), TARGET);
    const args = ["get", "-r", name, "--if-exists", rule, "-v"];
    const ran = await client(here, ...args);
    expect(ran.code).toBe(0);
    const skipped = Object.keys(SOURCE).length - came.length;
    expect(ran.stderr).toMatch(new RegExp(`^${came.length} files.*; ${skipped} skipped\n$`));
    expect(cameTo(here.at(name))).toEqual({ came, kept });
    // Once more, nothing is left to do.
    expect((await client(here, ...args)).stderr).toMatch(/^0 files.*; 6 skipped\n$/);
  });

  test("upload -r", async () => {
    using here = new TemporaryFolder();
    const name = `put${count++}`;
    plant(here.at(name), SOURCE);
    plant(served.library.at(name), TARGET);
    const args = ["upload", "-r", name, "--if-exists", rule, "-v"];
    const ran = await client(here, ...args);
    expect(ran.code).toBe(0);
    const skipped = Object.keys(SOURCE).length - came.length;
    expect(ran.stderr).toMatch(new RegExp(`^${came.length} files.*; ${skipped} skipped\n$`));
    expect(cameTo(served.library.at(name))).toEqual({ came, kept });
    expect((await client(here, ...args)).stderr).toMatch(/^0 files.*; 6 skipped\n$/);
  });

  test("single files", async () => {
    using here = new TemporaryFolder();
    const name = `one${count++}`;
    plant(served.library.at(name), SOURCE);
    plant(here.path, TARGET);
    const files = ["same", "newer, as large", "older", "larger"];
    const paths = files.map((file) => `${name}/${file}`);
    expect(await client(here, "get", ...paths, "--if-exists", rule)).toEqual(quietly());
    const replaced = files.filter((file) =>
      readFileSync(here.at(file), "utf8").startsWith("source"),
    );
    expect(replaced.toSorted()).toEqual([...REPLACED[rule]!].toSorted());
    // A folder needs -r.
    const folder = await client(here, "get", name, "--if-exists", rule);
    expectFailure(folder, 16, /is a folder \(IS_A_DIRECTORY\); -r fetches folders/);
    const sent = await client(here, "upload", "deep", "--if-exists", rule);
    expectFailure(sent, 16, /is a folder \(IS_A_DIRECTORY\); -r sends folders/);
    expect(await client(here, "upload", "other", "-o", name, "--if-exists", rule)).toEqual(
      quietly(),
    );
  });
});

test("a name that is taken by a folder fails, and standard input has no time", async () => {
  using here = new TemporaryFolder();
  here.file("taken/x");
  served.library.file("taken");
  const ran = await client(here, "get", "taken", "--if-exists", "newer");
  expectFailure(ran, 16, /IS_A_DIRECTORY/);
  served.library.file("folder/x");
  here.file("folder");
  expectFailure(
    await client(here, "upload", "folder", "--if-exists", "newer"),
    16,
    /IS_A_DIRECTORY/,
  );
  expectFailure(await client(here, "upload", "-", "-o", "x", "--if-exists", "newer"), 2, /no time/);
});

test("what was compared is what is replaced: where it is another one meanwhile, that is compared", async () => {
  using here = new TemporaryFolder();
  here.file("x", "local");
  utimesSync(here.at("x"), 2000, 2000);
  const asked: unknown[] = [];
  using server = new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case === "put") {
        asked.push(operation.value.ifMatch);
        return peer.fail(stream, "PRECONDITION_FAILED");
      }
      // It is older when it is compared first, and newer then.
      const seconds = asked.length === 0 ? 1000 : 3000;
      const facts = {
        kind: "FILE",
        size: 1,
        modified: { seconds },
        version: `of ${seconds}`,
      } as const;
      peer.answer(stream, { case: "stat", value: { name: "x", ...facts } });
    },
  });
  await using client = await connect(server.address);
  const options = { ifExists: "newer" } as const;
  expect(await client.putTree(here.at("x"), "x", options)).toMatchObject({ files: 0, skipped: 1 });
  expect(asked).toEqual(["of 1000"]);
});
