/** bin/leat, as npm installs it. */
import { expect, test } from "bun:test";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { LAUNCHER, PACKAGE, Served, expectFailure, run } from "./support.ts";

const BUN = process.execPath;

test("runs nothing and reads nothing of the folder it is started in", async () => {
  await using served = await Served.start();
  using here = new TemporaryFolder();
  here.file("bunfig.toml", 'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n');
  here.file("preload.ts", 'require("node:fs").writeFileSync("preloaded", "")');
  here.file(".env", "LEAT_SERVER=127.0.0.1:1\nLEAT_ALL=maybe\n");
  const env = { HOME: here.path };
  const args = ["client", "--server", served.server.address, "list", "-q"];
  const ran = await run([LAUNCHER, ...args], { cwd: here.path, env });
  expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(existsSync(here.at("preloaded"))).toBe(false);
  // What it would be without the launcher: the preload runs, and the .env is read.
  const plain = await run([BUN, join(PACKAGE, "src/cli/main.ts"), ...args], {
    cwd: here.path,
    env,
  });
  expect(plain.code).toBe(2);
  expect(existsSync(here.at("preloaded"))).toBe(true);
});

test("is found through the links that npm makes, relative and absolute", async () => {
  using here = new TemporaryFolder();
  mkdirSync(here.at("node_modules/.bin"), { recursive: true });
  symlinkSync(PACKAGE, here.at("node_modules/leat"));
  symlinkSync("../leat/bin/leat", here.at("node_modules/.bin/leat"));
  symlinkSync(here.at("node_modules/.bin/leat"), here.at("a leat"));
  for (const name of ["node_modules/.bin/leat", "a leat"]) {
    const ran = await run([here.at(name), "--version"], { cwd: here.path });
    expect(ran).toEqual({ code: 0, stdout: "leat 0.1.0\n", stderr: "" });
  }
});

test("passes arguments and the exit code on as they are", async () => {
  const ran = await run([LAUNCHER, "client", "no such  command", "*"]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain('"no such  command"');
});

test("guides those who leave out client", async () => {
  expectFailure(
    await run([LAUNCHER, "list"]),
    2,
    'leat: there is no "list": leat client list? leat --help tells more',
  );
});

test("takes the bun beside the package, or the one of the system, or says what is missing", async () => {
  using here = new TemporaryFolder();
  const launcher = here.at("node_modules/leat/bin/leat");
  cpSync(join(PACKAGE, "bin"), here.at("node_modules/leat/bin"), { recursive: true });
  const env = { PATH: "/usr/bin:/bin" };
  const without = await run([launcher, "--version"], { cwd: here.path, env });
  expect(without.code).toBe(127);
  expect(without.stderr).toMatch(/^leat: bun is needed and was not found: .*\n$/);

  const calls = (name: string) => `#!/bin/sh\necho ${name} "$@"\n`;
  for (const name of [
    "path/bun",
    "node_modules/.bin/bun",
    "node_modules/leat/node_modules/.bin/bun",
  ]) {
    chmodSync(here.file(name, calls(name)), 0o755);
    const ran = await run([launcher, "x"], {
      cwd: here.path,
      env: { PATH: `${here.at("path")}:/usr/bin:/bin` },
    });
    const config = here.at("node_modules/leat/bin/bunfig.toml");
    const main = here.at("node_modules/leat/src/cli/main.ts");
    expect(ran.stdout).toBe(`${name} --no-env-file --config=${config} ${main} x\n`);
  }
});

test("has an empty configuration for bun", () => {
  const lines = readFileSync(join(PACKAGE, "bin/bunfig.toml"), "utf8").split("\n");
  expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
});
