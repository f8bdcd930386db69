/** set_attributes: permission bits and times change, contents and names do not. */
import { describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, readFileSync, symlinkSync, utimesSync } from "node:fs";
import { type Client, connect, type ErrorCode } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { refusalCode } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";

const TIME = { seconds: 1_234_567_890, nanoseconds: 123_456_789 };

const factsOf = (path: string): object => {
  const { mode, mtimeNs } = lstatSync(path, { bigint: true });
  return { mode: Number(mode) & 0o7777, mtimeNs };
};

async function served(
  use: (client: Client, library: TemporaryFolder) => Promise<void>,
  options: object = {},
): Promise<void> {
  using library = new TemporaryFolder();
  library.file("f", "contents");
  library.folder("d");
  library.file("d/in", "in");
  symlinkSync("f", library.at("link"));
  for (const name of ["f", "d/in", "d"]) utimesSync(library.at(name), 1_600_000_000, 1_600_000_000);
  await using server = await startServer({ library: library.path, ...options });
  await using client = await connect(server.address);
  await use(client, library);
}

describe("a file or folder gets", () => {
  test.each(["f", "d", "d/in"])("what is given, and keeps the rest: %s", (name) =>
    served(async (client, library) => {
      const path = library.at(name);
      chmodSync(path, 0o4755);
      const old = lstatSync(path, { bigint: true }).mtimeNs;
      expect(await client.setAttributes(name, { mode: 0o700 })).toMatchObject({ mode: 0o700 });
      expect(factsOf(path)).toEqual({ mode: 0o4700, mtimeNs: old });
      const both = await client.setAttributes(name, { mode: 0o711, modified: TIME });
      expect(both).toMatchObject({ mode: 0o711, modified: TIME, version: expect.any(String) });
      const set = { mode: 0o4711, mtimeNs: 1_234_567_890_123_456_789n };
      expect(factsOf(path)).toEqual(set);
      await client.setAttributes(name, { modified: { seconds: -1, nanoseconds: 5 } });
      expect(factsOf(path)).toEqual({ mode: 0o4711, mtimeNs: -999_999_995n });
      expect(readFileSync(library.at("f"), "utf8")).toBe("contents");
      expect(await client.stat(name)).toMatchObject({ mode: 0o711 });
    }),
  );

  test("no bits that the umask takes, and 0000", () =>
    served(async (client) => {
      expect((await client.setAttributes("f", { mode: 0o777 })).mode).toBe(0o755);
      expect((await client.setAttributes("f", { mode: 0 })).mode).toBe(0);
    }));

  test("no other bits where the server gives all files the same", () =>
    served(
      async (client) => {
        const { mode } = await client.stat("f");
        const set = await client.setAttributes("f", { mode: 0o600, modified: TIME });
        expect(set).toMatchObject({ mode, modified: TIME });
      },
      { fileMode: 0o664 },
    ));
});

test("only the version that is asked for is changed", () =>
  served(async (client) => {
    const { version } = await client.stat("f");
    const changed = await client.setAttributes("f", { mode: 0o600, ifMatch: version });
    const again = client.setAttributes("f", { mode: 0o644, ifMatch: version });
    expect(await refusalCode(again)).toBe("PRECONDITION_FAILED");
    expect(await client.stat("f")).toEqual(changed);
  }));

test.each<[string, string, ErrorCode]>([
  ["a link", "link", "PERMISSION_DENIED"],
  ["nothing", "nothing", "NOT_FOUND"],
  ["something in a file", "f/x", "NOT_A_DIRECTORY"],
  ["the library", "", "INVALID_ARGUMENT"],
  ["what the server keeps", ".leat", "INVALID_NAME"],
])("%s is refused", (_what, path, code) =>
  served(async (client, library) => {
    const before = factsOf(library.at("f"));
    expect(await refusalCode(client.setAttributes(path, { mode: 0o600 }))).toBe(code);
    expect(factsOf(library.at("f"))).toEqual(before);
  }),
);

test("a library that is read-only is not changed", () =>
  served(
    async (client) => {
      expect(await refusalCode(client.setAttributes("f", { mode: 0o600 }))).toBe("READ_ONLY");
    },
    { readOnly: true },
  ));

test.each([
  ["nothing to set", {}],
  ["bits above 0777", { mode: 0o4755 }],
  ["too many nanoseconds", { modified: { seconds: 0, nanoseconds: 1_000_000_000 } }],
])("%s is refused", async (_what, value) => {
  using library = new TemporaryFolder();
  const before = factsOf(library.file("f", "contents"));
  await using server = await startServer({ library: library.path });
  using peer = await RawPeer.welcomed(Number(server.port));
  peer.request(1, { case: "setAttributes", value: { path: "f", ...value } });
  expect((await peer.failure(1)).code).toBe("INVALID_ARGUMENT");
  expect(factsOf(library.at("f"))).toEqual(before);
});
