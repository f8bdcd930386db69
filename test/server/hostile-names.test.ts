/** Names that are to lead out of the library, in each field of the protocol that takes one, byte for byte. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect, LeatError, type Server } from "../../src/index.ts";
import { MAX_PATH, MAX_SEGMENT } from "../../src/limits.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { fieldOf, type Field, writeFields } from "../fuzz/fields.ts";
import { snapshot } from "../fuzz/snapshot.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Heard, RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

const SECRET = "somebody else's";
let folder: TemporaryFolder;
let server: Server;
let before: string;

beforeAll(async () => {
  folder = new TemporaryFolder();
  folder.file("library/a/file", "inside");
  folder.file("outside/secret", SECRET);
  before = snapshot(folder.at("outside"));
  server = await startServer({ library: folder.at("library"), durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const message = (number: number, ...fields: Field[]): Field =>
  fieldOf(number, 2, { bytes: writeFields(fields) });
const bytes = (number: number, value: Uint8Array): Field => fieldOf(number, 2, { bytes: value });

/** Frame.request, the operation, and the field of the name. */
const FIELDS: Record<string, (name: Uint8Array) => Field> = {
  "List.path": (name) => message(1, bytes(1, name)),
  "Stat.path": (name) => message(2, bytes(1, name)),
  "Get.path": (name) => message(3, bytes(1, name)),
  "Put.path": (name) => message(4, bytes(1, name), bytes(2, new Uint8Array(16))),
  "Put.path, resuming": (name) =>
    message(4, bytes(1, name), bytes(2, new Uint8Array(16)), fieldOf(7, 0, { value: 1n })),
  "Remove.path": (name) => message(5, bytes(1, name)),
  "Rename.from": (name) => message(6, bytes(1, name), bytes(2, text("stolen"))),
  "Rename.to": (name) => message(6, bytes(1, text("a/file")), bytes(2, name)),
  "MakeDirectory.path": (name) => message(7, bytes(1, name)),
  "MakeDirectory.path, with parents": (name) =>
    message(7, bytes(1, name), fieldOf(2, 0, { value: 1n })),
  "MakeLink.path": (name) => message(12, bytes(1, name), bytes(2, text("a"))),
  "SetAttributes.path": (name) => message(13, bytes(1, name), fieldOf(3, 0, { value: 0o600n })),
  "Checksum.path": (name) => message(8, bytes(1, name), fieldOf(2, 0, { value: 2n })),
  "Walk.path": (name) => message(10, bytes(1, name)),
  "Walk.after": (name) => message(10, bytes(1, text("a")), bytes(2, name)),
  "PutTree.path": (name) => message(11, bytes(1, name)),
};

/** In `Walk.after` a "/" at the end is that of a folder. */
const ALLOWED_BEHIND = new Set(["a/", ".leat", ".LEAT", ".leat/receipts"]);

const OUT = ["..", "../outside", "../outside/secret", "a/../../outside/secret", "a/..", "./a", "."]
  .concat(["/", "/etc/passwd", "//", "a//file", "a/", "a/./file", "a/file/.."])
  .concat(["nul\0", "a\0/../../outside/secret", "..\0", "line\n", "\u0080", "\u001b[2J"])
  .concat([".leat", ".LEAT", ".leat/receipts", "x".repeat(MAX_SEGMENT + 1)])
  .concat(["x/".repeat(MAX_PATH / 2) + "x"]);

/** ".." and "/" as other encodings write them, and what is no UTF-8 at all. */
const NO_TEXT = [
  "c0ae",
  "c0aec0ae2f6f757473696465",
  "e080ae",
  "f08080ae",
  "c0af",
  "2e2ec0af",
].concat(["eda080", "edbfbf", "f4908080", "80", "ff", "c3", "612fff"]);

/** Other programs read these as something else; here they are names. */
const NAMES = ["%2e%2e/outside", "..%2foutside", "%2e%2e%2foutside%2fsecret", "..\\outside", "...."]
  .concat(["..\\..\\outside\\secret", "．．／outside", "‥", "..\u200b", "\ufeff..", "a:b", "C:\\x"])
  .concat(["~", "$HOME", "$(id)", "`id`", "* ?", "-rf", "--", "CON", "a ", "a.", "outside"]);

async function answerTo(request: Field): Promise<Heard | "end" | "closed"> {
  const peer = await RawPeer.welcomed(server.port);
  using _peer = peer;
  const frame = writeFields([fieldOf(1, 0, { value: 1n }), message(4, request)]);
  peer.bytes(delimit(frame));
  return await peer.next();
}

const codeOf = (heard: Heard | "end" | "closed"): string => {
  if (typeof heard === "string" || !("body" in heard)) return JSON.stringify(heard);
  return heard.body?.case === "failure" ? heard.body.value.code : `${heard.body?.case}`;
};

describe.each(Object.entries(FIELDS))("%s", (field, request) => {
  test("takes no name that leads out", async () => {
    for (const name of OUT) {
      if (field === "Walk.after" && ALLOWED_BEHIND.has(name)) continue;
      const code = codeOf(await answerTo(request(text(name))));
      expect({ name, code }).toEqual({ name, code: "INVALID_NAME" });
    }
    // The same file by its whole path.
    const whole = codeOf(await answerTo(request(text(folder.at("outside/secret")))));
    expect(whole).toBe("INVALID_NAME");
    expect(snapshot(folder.at("outside"))).toBe(before);
  });

  test("takes no bytes that are no text", async () => {
    for (const hex of NO_TEXT) {
      const code = codeOf(await answerTo(request(Uint8Array.fromHex(hex))));
      expect({ hex, code }).toEqual({ hex, code: "PROTOCOL_ERROR" });
    }
  });

  test("takes odd names for what they are", async () => {
    for (const name of NAMES) {
      const heard = await answerTo(request(text(name)));
      expect(Buffer.from(JSON.stringify(heard)).includes(SECRET)).toBe(false);
      expect(codeOf(heard)).not.toBe("INTERNAL");
    }
    expect(snapshot(folder.at("outside"))).toBe(before);
    expect(readdirSync(folder.path).toSorted()).toEqual(["library", "outside"]);
  });
});

test.each(["of the link", "of its folder"])(
  "a link that leads out after a rename %s is not followed",
  async (renamed) => {
    const byFolder = renamed === "of its folder";
    {
      using peer = await RawPeer.welcomed(server.port);
      peer.request(1, { case: "makeDirectory", value: { path: "x/y", parents: true } });
      expect((await peer.body(1)).case).toBe("response");
      // There it leads to something in the library that need not exist.
      const value = { path: "x/y/link", target: "../../outside/secret" };
      peer.request(2, { case: "makeLink", value });
      expect((await peer.body(2)).case).toBe("response");
    }
    await using client = await connect(server.address);
    const [from, to, link] = byFolder ? ["x/y", "z", "z/link"] : ["x/y/link", "link", "link"];
    await client.rename(from!, to!);
    expect(readlinkSync(folder.at("library", link!))).toBe("../../outside/secret");
    for (const path of [link!, `${link}/x`]) {
      expect(await code(client.get(path))).toMatch(/PERMISSION_DENIED|NOT_A_REGULAR_FILE/);
      expect(await code(client.stat(path))).toMatch(/PERMISSION_DENIED|NOT_A_REGULAR_FILE/);
      expect(await code(client.checksum(path))).toMatch(/PERMISSION_DENIED|NOT_A_REGULAR_FILE/);
    }
    await client.put(link!, new Uint8Array(3), { ifExists: "replace" }).catch(() => {});
    expect(snapshot(folder.at("outside"))).toBe(before);
    await client.remove(link!);
  },
);

const code = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof LeatError ? thrown.code : String(thrown)),
  );
