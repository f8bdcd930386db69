/** The client in examples/python, which was written from docs/protocol.md, against a server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Server } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { crc32 } from "../../src/hash.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";

const CLIENT = join(import.meta.dir, "../../examples/python/leat_client.py");
const python = Bun.which("python3");
if (python === null) console.log("NOT RUN: the Python client, because there is no python3");

const library = new TemporaryFolder();
const here = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
  here[Symbol.dispose]();
});

async function client(...args: readonly string[]) {
  const run = Bun.spawn([python!, CLIENT, server.address, ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([run.stdout.text(), run.stderr.text()]);
  return { out, err, code: await run.exited };
}

const fine = (out: string) => ({ out, err: "", code: 0 });
const bytesOf = async (path: string): Promise<string> =>
  Bun.SHA256.hash(await Bun.file(path).bytes(), "hex");

test.skipIf(python === null).each([
  ["no byte", 0],
  ["one byte", 1],
  ["one block", MiB],
  ["five blocks and a byte", 5 * MiB + 1],
])("%s, there and back", async (_, size) => {
  const contents = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) contents[i] = (i * 2_654_435_761) >>> 24;
  const local = here.file(`local-${size}`, contents);
  const crc = crc32(contents).toString(16).padStart(8, "0");
  const put = await client("put", local, `file-${size}`);
  expect(put).toEqual(fine(`${size} bytes, crc32 ${crc}\n`));
  expect(await bytesOf(library.at(`file-${size}`))).toBe(await bytesOf(local));
  const copy = here.at(`copy-${size}`);
  expect(await client("get", `file-${size}`, copy)).toEqual(fine(`${size} bytes\n`));
  expect(await bytesOf(copy)).toBe(await bytesOf(local));
});

test.skipIf(python === null)("a folder of several pages is listed in order", async () => {
  library.folder("many/folder");
  const names = Array.from({ length: 3000 }, (_, i) => `${"n".repeat(200)}${10_000 + i}`);
  for (const name of names) library.file(`many/${name}`, "1");
  const listed = ["folder/", ...names.map((name) => `${name}\t1`)];
  expect(await client("list", "many")).toEqual(fine(`${listed.join("\n")}\n`));
});

test.skipIf(python === null)("a refusal is told in the server's words", async () => {
  const { out, err, code } = await client("get", "nothing", here.at("nothing"));
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(err).toBe('leat_client: failure 4: there is no "nothing"\n');
});
