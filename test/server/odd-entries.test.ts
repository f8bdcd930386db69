/** Sizes and times beyond what a frame can carry: they stop at its bound, and nothing fails for them. */
import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { client as command } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { Mounted, noMount } from "../support/mounted.ts";
import { startServer } from "../support/served.ts";

const MOST = Number.MAX_SAFE_INTEGER;
const why = noMount();

function touch(path: string, seconds: string): void {
  const { exitCode } = Bun.spawnSync(["touch", "-d", `@${seconds}`, path]);
  expect(exitCode).toBe(0);
}

/** A library with one entry of each odd kind, and two that are not. */
class OddLibrary extends Mounted {
  constructor() {
    super("tmpfs");
    for (const name of ["a", "far", "past", "big", "z"]) writeFileSync(this.at(name), name);
    mkdirSync(this.at("late"));
    touch(this.at("far"), "9223372036854775807");
    touch(this.at("past"), "-9223372036854775807.5");
    touch(this.at("late"), "9007199254740992");
    expect(Bun.spawnSync(["truncate", "-s", "9007199254740992", this.at("big")]).exitCode).toBe(0);
  }
}

const suite = why === undefined ? "odd entries" : `odd entries [${why}]`;

describe.skipIf(why !== undefined)(suite, () => {
  test("are listed among the others, and each can be asked for", async () => {
    using library = new OddLibrary();
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    const listed = await Array.fromAsync(client.list());
    expect(listed.map(({ name }) => name)).toEqual(["a", "big", "far", "late", "past", "z"]);
    const entries = await Promise.all(listed.map(({ name }) => client.stat(name)));
    for (const of of [listed, entries]) {
      const [, big, far, late, past] = of;
      expect(big?.size).toBe(MOST);
      expect(far?.modified?.seconds).toBe(MOST);
      expect(late?.modified?.seconds).toBe(MOST);
      expect(past?.modified?.seconds).toBe(-MOST);
    }
    expect(await (await client.get("far")).text()).toBe("far");
    expect((await client.checksum("past")).digest.length).toBe(32);
    expect((await client.rename("far", "farther")).modified?.seconds).toBe(MOST);
  });

  test("come and go with the times that can be said", async () => {
    using library = new OddLibrary();
    using local = new Mounted("tmpfs");
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    for (const name of ["far", "past"]) {
      await client.download(name, local.at(name));
      await client.put(`${name} again`, Bun.file(library.at(name)));
      const seconds = BigInt(name === "far" ? MOST : -MOST);
      for (const path of [local.at(name), library.at(`${name} again`)]) {
        const { mtimeNs } = lstatSync(path, { bigint: true });
        expect(mtimeNs / 1_000_000_000n).toBe(seconds);
      }
    }
    // Its holes would fit; no call of the runtime sets such a size.
    expect((await refusal(client.download("big", local.at("big")))).code).toBe("TOO_LARGE");
    await client.remove("big");
    const outcomes = await Array.fromAsync(client.getTreeOutcomes("", local.at("tree")));
    expect(outcomes.flatMap(({ error }) => error ?? [])).toEqual([]);
  });

  test("are shown by the command line with what is known of them", async () => {
    using library = new OddLibrary();
    await using server = await startServer({ library: library.path });
    const long = await command(server.address, ["list", "-l"]);
    expect(long.code).toBe(0);
    expect(long.stdout).toContain("+285428751-11-12T07:36:31Z or later");
    const json = await command(server.address, ["list", "--json"]);
    const times = json.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { modified: unknown }).modified);
    expect(times[2]).toBe("+285428751-11-12T07:36:31Z");
    const stat = await command(server.address, ["stat", "big", "past"]);
    expect(stat.stdout).toContain("9007199254740991 bytes or more");
    expect(stat.stdout).toContain("-285424812-02-20T16:23:29Z or earlier");
  });
});

/** A folder whose file system has lost what serves it: nothing of it can be looked at. */
class DeadMount implements Disposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path);
    const options = "fd=5,rootmode=40000,user_id=0,group_id=0";
    const script = `exec 5<>/dev/fuse && mount -i -t fuse -o ${options} leat-test "$0"`;
    const { exitCode } = Bun.spawnSync(["sh", "-c", script, path], { stderr: "ignore" });
    if (exitCode !== 0) throw new Error("no FUSE file system can be mounted here");
  }

  [Symbol.dispose](): void {
    expect(Bun.spawnSync(["umount", "-l", this.path]).exitCode).toBe(0);
  }
}

const noDead = ((): string | undefined => {
  using folder = new TemporaryFolder();
  try {
    using _mount = new DeadMount(folder.at("dead"));
    return undefined;
  } catch {
    return "no FUSE file system can be mounted here";
  }
})();

test.skipIf(noDead !== undefined)(
  `what cannot be looked at hides nothing beside it${noDead === undefined ? "" : ` [${noDead}]`}`,
  async () => {
    using library = new TemporaryFolder();
    using local = new TemporaryFolder();
    for (const name of ["a", "tree/b", "tree/sub/c", "z"]) library.file(name, name);
    using _root = new DeadMount(library.at("m"));
    using _deep = new DeadMount(library.at("tree/m"));
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    const listed = await Array.fromAsync(client.list());
    expect(listed.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "a FILE",
      "m OTHER",
      "tree DIRECTORY",
      "z FILE",
    ]);
    expect(listed[1]?.modified).toBeUndefined();
    expect((await refusal(client.stat("m"))).code).toBe("IO_ERROR");
    expect((await refusal(client.get("m/file"))).code).toBe("IO_ERROR");
    const outcomes = await Array.fromAsync(client.getTreeOutcomes("tree", local.at("tree")));
    expect(outcomes.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(readFileSync(local.at("tree/sub/c"), "utf8")).toBe("tree/sub/c");
    await client.close(); // one way to serve has one client at a time
    const long = await command(server.address, ["list", "-l"]);
    expect({ code: long.code, line: /^ *- +- +m$/m.test(long.stdout) }).toEqual({
      code: 0,
      line: true,
    });
    const json = await command(server.address, ["list", "--json"]);
    expect(JSON.parse(json.stdout.split("\n")[1]!)).toMatchObject({ name: "m", modified: null });
  },
);
