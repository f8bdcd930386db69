/** File systems without locks: what cannot be locked is not held by anybody. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { client as command, CLIENT_ALONE, run } from "../cli/support.ts";
import { refusal } from "../support/refusal.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";
import { until } from "../support/until.ts";
import { ELSEWHERE, testExcept } from "../support/ways.ts";

const why = noStrace();
const BYTES = Buffer.alloc(5 * MiB, "leat");

const inject = (errno: string): readonly string[] => [
  "-qq",
  "-o",
  "/dev/null",
  "-e",
  `inject=flock:error=${errno}`,
];

async function* cutBehind(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error("the client has had enough");
}

const suite = why === undefined ? "where flock answers" : `where flock answers [${why}]`;

describe.skipIf(why !== undefined).each(["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EINVAL"])(
  `${suite} %s`,
  (errno) => {
    test("uploads come whole, replace, and leave nothing when they end early", async () => {
      using folder = new TemporaryFolder();
      await using server = await StracedServer.start(folder.path, inject(errno));
      await using client = await connect(server.address);
      await client.put("file", BYTES);
      await client.put("file", BYTES.subarray(1), { ifExists: "replace" });
      await client.put("small", BYTES.subarray(0, 9));
      await client.put("small", BYTES.subarray(0, 8), { ifExists: "replace" });
      await refusal(client.put("cut", cutBehind(BYTES)));
      await until(
        () => readdirSync(folder.at(PARTIALS)).length === 0,
        () => readdirSync(folder.at(PARTIALS)),
      );
      expect(readFileSync(folder.at("file")).equals(BYTES.subarray(1))).toBe(true);
      expect(readdirSync(folder.path).toSorted()).toEqual([".leat", "file", "small"]);
    });

    test("a download comes whole, and another one behind it", async () => {
      using folder = new TemporaryFolder();
      using here = new TemporaryFolder();
      folder.file("file", BYTES);
      await using server = await startServer({ library: folder.path });
      const get = ["strace", "-f", ...inject(errno), "--", ...CLIENT_ALONE];
      const words = ["client", "--server", server.address];
      for (let i = 0; i < 2; i += 1) {
        const { code, stderr } = await run([
          ...get,
          ...words,
          "get",
          "file",
          "-o",
          here.at("file"),
        ]);
        expect({ code, stderr }).toMatchObject({ code: 0 });
      }
      expect(readFileSync(here.at("file")).equals(BYTES)).toBe(true);
      expect(readdirSync(here.path)).toEqual(["file"]);
    });
  },
);

const testOne = testExcept(ELSEWHERE, "each process or thread knows of its own");
const there = why === undefined ? testOne : test.skip;

there("there one process still knows what it holds itself", async () => {
  using folder = new TemporaryFolder();
  await using server = await StracedServer.start(folder.path, inject("ENOLCK"));
  using here = new TemporaryFolder();
  const file = here.file("local", Buffer.alloc(12 * MiB, "leat"));
  // Both look for what an earlier try has left: of one name, one is received, the other is told so.
  const both = await Promise.all([
    command(server.address, ["upload", file, "--to", "file"]),
    command(server.address, ["upload", file, "--to", "file"]),
  ]);
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 13]);
  expect(readdirSync(folder.at(PARTIALS))).toEqual([]);
});
