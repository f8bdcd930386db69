/** Whoever reads stdout leaves before the end: the command ends without a word, and not with 0. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, run, Served } from "./support.ts";

/** Their lines fill more than a pipe holds. */
const FILES = 1_500;
const LONG = "long-".repeat(20);

let served: Served;
const here = new TemporaryFolder();
beforeAll(async () => {
  served = await Served.start();
  mkdirSync(here.at("tree"));
  for (let i = 0; i < FILES; i++) {
    served.library.file(`tree/${LONG}${i}`, "x");
    here.file(`tree/${LONG}${i}`, "x");
  }
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  here[Symbol.dispose]();
});

/** @returns the codes of leat and of head, and what leat said */
async function headOf(command: string, input = "") {
  const env = {
    LEAT: `${CLIENT} client --server ${served.server.address}`,
    INPUT: input,
  };
  const script = `printf "$INPUT" | ${command} | head -n 1 >/dev/null; echo "\${PIPESTATUS[*]}"`;
  const { stdout, stderr } = await run(["bash", "-c", script], { cwd: here.path, env });
  return { codes: stdout.trim(), stderr };
}

const left = { codes: "0 141 0", stderr: "" };

test("get -r --json", async () => {
  expect(await headOf("$LEAT get -r tree -o fetched --json")).toEqual(left);
});

test("upload -r --json", async () => {
  expect(await headOf("$LEAT upload -r tree -o sent --json")).toEqual(left);
});

test("list, stat, get -o -", async () => {
  served.library.file("large", new Uint8Array(4 << 20).fill(10));
  expect(await headOf("$LEAT list tree")).toEqual(left);
  expect(await headOf("$LEAT get large -o -")).toEqual(left);
});

test("commands piped into the shell, and none follows", async () => {
  const input = "get -r tree -o piped --json\\nmkdir made\\n";
  expect(await headOf("$LEAT", input)).toEqual(left);
  expect(existsSync(served.library.at("made"))).toBe(false);
});
