/** What a client asks while calls fail, and what the library may hold then. */
import { readFileSync, statSync } from "node:fs";
import { type Client, connect } from "../../../src/index.ts";
import { MiB } from "../../../src/limits.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import type { TemporaryFolder } from "../../support/folder.ts";

export interface World {
  readonly client: Client;
  readonly port: number;
  readonly library: TemporaryFolder;
}

/** Contents of a file, `folder`, or undefined where there is nothing. */
export type State = string | undefined;

export interface Phase {
  readonly name: string;
  /** What is there before, by its name behind that of the cell; everything that is not named is absent. */
  readonly before?: Readonly<Record<string, State>>;
  /** What is there once the client was told that it is done. */
  readonly after?: Readonly<Record<string, State>>;
  /**
   * May be as after it though it was refused: folders above the last one, as mkdir -p leaves them; what
   * was replaced or renamed before its folder could not be put on disk.
   */
  readonly partway?: readonly string[];
  /** @throws a LeatError when it is refused, any other error when an answer was wrong */
  act(world: World, name: string): Promise<void>;
}

const SMALL = "small";
const OLD = "old";
/** Three blocks and a bit. */
const LARGE = "leat ".repeat(Math.ceil((3 * MiB + 4321) / 5));
/** Bytes behind which the connection of an upload is cut: two blocks are whole by then. */
const CUT = 2 * MiB + 500_000;

export const PHASES: readonly Phase[] = [
  {
    name: "upload of a small file",
    after: { "": SMALL },
    act: async ({ client }, name) => void (await client.put(name, Buffer.from(SMALL))),
  },
  {
    name: "upload of a small file, in place of another",
    partway: [""],
    before: { "": OLD },
    after: { "": SMALL },
    act: async ({ client }, name) =>
      void (await client.put(name, Buffer.from(SMALL), { ifExists: "replace" })),
  },
  {
    name: "upload of a large file",
    after: { "": LARGE },
    act: async ({ client }, name) => void (await client.put(name, Buffer.from(LARGE))),
  },
  {
    name: "upload of a large file, in place of another, with a time",
    partway: [""],
    before: { "": OLD },
    after: { "": LARGE },
    act: async ({ client }, name) => {
      const options = { ifExists: "replace", modified: new Date(1e12) } as const;
      await client.put(name, Buffer.from(LARGE), options);
    },
  },
  {
    name: "upload of unknown size",
    after: { "": LARGE },
    act: async ({ client }, name) => void (await client.put(name, stream(Buffer.from(LARGE)))),
  },
  {
    name: "upload that its client gives up",
    act: async ({ client }, name) => {
      const stop = new AbortController();
      const source = stream(Buffer.from(LARGE).subarray(0, 2 * MiB), () => stop.abort());
      await client.put(name, source, { signal: stop.signal }).then(
        () => Promise.reject(new Error("what was given up is there")),
        () => {},
      );
    },
  },
  {
    name: "upload that is cut and goes on",
    after: { "": LARGE },
    act: async ({ port }, name) => {
      using proxy = new FaultProxy(port, (connection) => (connection === 0 ? { cutUp: CUT } : {}));
      await using client = await connect(proxy.address, { retry: 1_000 });
      await client.put(name, Buffer.from(LARGE));
    },
  },
  {
    name: "download of a small file",
    before: { "": SMALL },
    after: { "": SMALL },
    act: ({ client }, name) => fetched(client, name, SMALL),
  },
  {
    name: "download of a large file",
    before: { "": LARGE },
    after: { "": LARGE },
    act: ({ client }, name) => fetched(client, name, LARGE),
  },
  {
    name: "checksum",
    before: { "": LARGE },
    after: { "": LARGE },
    act: async ({ client }, name) => {
      const { digest } = await client.checksum(name);
      const right = new Bun.CryptoHasher("sha256").update(LARGE).digest();
      if (!Buffer.from(digest).equals(right)) throw new Error("the checksum is wrong");
    },
  },
  {
    name: "list",
    before: { "": "folder", "/a": SMALL, "/b": SMALL, "/c": "folder" },
    after: { "": "folder", "/a": SMALL, "/b": SMALL, "/c": "folder" },
    act: async ({ client }, name) => {
      const names = (await Array.fromAsync(client.list(name))).map((entry) => entry.name);
      if (names.join() !== "a,b,c") throw new Error(`listed as ${names.join()}`);
    },
  },
  {
    name: "stat",
    before: { "": SMALL },
    after: { "": SMALL },
    act: async ({ client }, name) => {
      const { size } = await client.stat(name);
      if (size !== SMALL.length) throw new Error(`${size} bytes`);
    },
  },
  { name: "status", act: async ({ client }) => void (await client.status()) },
  {
    name: "folders are made",
    partway: ["/x"],
    before: { "": "folder" },
    after: { "": "folder", "/x": "folder", "/x/y": "folder" },
    act: async ({ client }, name) =>
      void (await client.makeDirectory(`${name}/x/y`, { parents: true })),
  },
  {
    name: "rename",
    partway: ["/a", "/b"],
    before: { "": "folder", "/a": SMALL },
    after: { "": "folder", "/b": SMALL },
    act: async ({ client }, name) => void (await client.rename(`${name}/a`, `${name}/b`)),
  },
  {
    name: "rename, in place of another",
    partway: ["/a", "/b"],
    before: { "": "folder", "/a": SMALL, "/b": OLD },
    after: { "": "folder", "/b": SMALL },
    act: async ({ client }, name) =>
      void (await client.rename(`${name}/a`, `${name}/b`, { replace: true })),
  },
  {
    name: "remove",
    before: { "": SMALL },
    act: async ({ client }, name) => void (await client.remove(name)),
  },
  {
    name: "remove of a folder",
    before: { "": "folder" },
    act: async ({ client }, name) => void (await client.remove(name)),
  },
];

/** What is at a path now. */
export function stateOf(path: string): State {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  return facts.isDirectory() ? "folder" : readFileSync(path, "utf8");
}

async function* stream(bytes: Uint8Array, behind?: () => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
  if (behind === undefined) return;
  behind();
  await Promise.withResolvers<void>().promise; // the signal ends it
}

async function fetched(client: Client, name: string, contents: string): Promise<void> {
  const bytes = await (await client.get(name)).bytes();
  if (Buffer.compare(bytes, Buffer.from(contents)) !== 0) throw new Error("other bytes arrived");
}
