/** Permission bits of single files and of trees, up and down: as cp has them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, statSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, run, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start(["--durability", "none"]);
});
afterAll(() => served[Symbol.asyncDispose]());

/** What a file has of its own, and what is left of that with a umask of 022, and of 077. */
const MODES = [
  [0o600, 0o600, 0o600],
  [0o755, 0o755, 0o700],
  [0o644, 0o644, 0o600],
  [0o444, 0o444, 0o400],
  [0o400, 0o400, 0o400],
  [0o777, 0o755, 0o700],
  [0o6755, 0o755, 0o700],
  [0o1666, 0o644, 0o600],
  [0o711, 0o711, 0o700],
] as const;

/** Small ones go their own way; large ones can be continued. */
const SIZES = [3, 2 * MiB, 9 * MiB] as const;

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const shown = (mode: number): string => mode.toString(8);

function leat(here: TemporaryFolder, umask: string, ...args: string[]) {
  const script = `umask ${umask} && exec "$0" client --server "$SERVER" "$@"`;
  return run(["bash", "-c", script, CLIENT, ...args], {
    cwd: here.path,
    env: { SERVER: served.server.address },
  });
}

const quiet = { code: 0, stdout: "", stderr: "" };

describe.each(SIZES)("a file of %d bytes", (size) => {
  test("keeps its mode in an upload, less the server's umask", async () => {
    using here = new TemporaryFolder();
    served.corner(`up-${size}`);
    for (const [mode] of MODES) {
      chmodSync(here.file(shown(mode), new Uint8Array(size)), mode);
    }
    const names = MODES.map(([mode]) => shown(mode));
    expect(await leat(here, "077", "upload", ...names, "-o", `up-${size}/`)).toEqual(quiet);
    const umask = process.umask();
    for (const [mode] of MODES) {
      const got = modeOf(served.library.at(`up-${size}/${shown(mode)}`));
      expect([shown(mode), shown(got)]).toEqual([shown(mode), shown(mode & 0o777 & ~umask)]);
    }
  });

  test.each(["022", "077"])("keeps it in a download, less the umask %s", async (umask) => {
    using here = new TemporaryFolder();
    const folder = `down-${size}-${umask}`;
    const names = MODES.map(([mode]) => `${folder}/${shown(mode)}`);
    for (const [mode] of MODES) {
      chmodSync(served.library.file(`${folder}/${shown(mode)}`, new Uint8Array(size)), mode);
    }
    for (const durability of ["none", "fsync"]) {
      const into = here.folder(durability);
      const flags = ["--durability", durability, "-o", into];
      expect(await leat(here, umask, "get", ...names, ...flags)).toEqual(quiet);
      for (const [mode, ordinary, private_] of MODES) {
        const wanted = umask === "022" ? ordinary : private_;
        const got = modeOf(here.at(durability, shown(mode)));
        expect([shown(mode), shown(got)]).toEqual([shown(mode), shown(wanted)]);
      }
    }
  });

  test("that is replaced keeps the mode that it had there", async () => {
    using here = new TemporaryFolder();
    chmodSync(here.file("file", new Uint8Array(size)), 0o755);
    const there = served.library.file(`kept-${size}`, "before");
    chmodSync(there, 0o640);
    const flags = ["--if-exists", "replace", "-o", `kept-${size}`];
    expect(await leat(here, "022", "upload", "file", ...flags)).toEqual(quiet);
    expect([statSync(there).size, shown(modeOf(there))]).toEqual([size, "640"]);
    chmodSync(here.file("mine", "before"), 0o660);
    expect(await leat(here, "022", "get", `kept-${size}`, "-o", "mine")).toEqual(quiet);
    expect([statSync(here.at("mine")).size, shown(modeOf(here.at("mine")))]).toEqual([size, "660"]);
  });
});

test("files of a tree keep theirs, both ways", async () => {
  using here = new TemporaryFolder();
  for (const [mode] of MODES) chmodSync(here.file(`tree/${shown(mode)}`, "x"), mode);
  chmodSync(here.file("tree/large", new Uint8Array(2 * MiB)), 0o700);
  expect(await leat(here, "022", "upload", "-r", "tree")).toEqual(quiet);
  for (const durability of ["none", "fsync"]) {
    const flags = ["--durability", durability, "-o", durability];
    expect(await leat(here, "022", "get", "-r", "tree", ...flags)).toEqual(quiet);
    for (const [mode, ordinary] of MODES) {
      expect(shown(modeOf(here.at(durability, shown(mode))))).toBe(shown(ordinary));
    }
    expect(shown(modeOf(here.at(durability, "large")))).toBe("700");
  }
});

test("what has no mode gets that of any new file", async () => {
  using here = new TemporaryFolder();
  const command = [CLIENT, "client", "--server", served.server.address, "upload", "-"];
  expect(await run([...command, "-o", "stdin"], { cwd: here.path, stdin: "x" })).toEqual(quiet);
  expect(modeOf(served.library.at("stdin"))).toBe(0o666 & ~process.umask());
});
