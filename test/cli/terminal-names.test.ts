/** No command writes a name of the library, or of this machine, to a terminal so that it is shown as another one. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { createServer, type Server } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { AtTerminal, CLIENT } from "./support.ts";

/** Legal in a library: they turn the direction of text, separate lines, or hide what follows. */
const [FOLDER, FILE, OTHER] = ["dir\u2028sep", "tur\u202ened", "iso\u2066lated"];
const OBEYED = /[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

let library: TemporaryFolder;
let here: TemporaryFolder;
let server: Server;

async function stop(): Promise<void> {
  await server?.stop({ drain: 0 });
  library?.[Symbol.dispose]();
  here?.[Symbol.dispose]();
}

beforeEach(async () => {
  await stop();
  library = new TemporaryFolder();
  here = new TemporaryFolder();
  for (const name of [`${FOLDER}/${FILE}`, `${FOLDER}/sub/${OTHER}`, OTHER!]) {
    library.file(name, "x");
    here.file(`tree/${name}`, "y");
  }
  here.file(`blocked/${OTHER}/in-the-way`);
  server = await createServer({ library: library.path, durability: "none" });
});

afterAll(stop);

const dir = FOLDER!;
test.each<[string[]]>([
  [["list", "-l"]],
  [["list", "-r"]],
  [["list", dir]],
  [["list", "no-such*"]],
  [["du", "-d", "3"]],
  [["stat", OTHER!, dir]],
  [["stat", `${dir}/missing`]],
  [["checksum", OTHER!, dir]],
  [["get", "-v", OTHER!]],
  [["get", "-v", dir]],
  [["get", "-r", "-v", dir, "-o", "new"]],
  [["get", "-r", "-v", OTHER!, dir, "-o", "blocked"]],
  [["get", "--if-exists", "fail", OTHER!, "-o", "tree/"]],
  [["upload", "-v", `tree/${OTHER}`]],
  [["upload", "-r", "-v", "tree", "-o", "sent"]],
  [["upload", "-r", "-v", `tree/${dir}`, "-o", `${OTHER}/`]],
  [["sync", "-n", "--delete", "--yes", ":", "tree"]],
  [["sync", "-v", "--delete", "--yes", ":", "tree"]],
  [["sync", "-v", "--delete", "--max-delete", "0", "tree", ":"]],
  [["sync", "-v", ":", "blocked"]],
  [["remove", "-v", dir]],
  [["remove", "-r", "-y", "-v", dir]],
  [["rename", "-v", OTHER!, `${dir}/no/x`]],
  [["rename", "-v", OTHER!, `${dir}/`]],
  [["mkdir", "-v", OTHER!, `${dir}/new`]],
])("%j", async (words) => {
  const command = [CLIENT, "client", "--server", server.address, ...words];
  await using seen = new AtTerminal(command, { cwd: here.path });
  await seen.exited;
  const { text } = seen.screen;
  expect(text.match(OBEYED)?.input).toBeUndefined();
});
