/** What deploy/ has fits what the program does. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "../src/index.ts";
import { PACKAGE, leat } from "./cli/support.ts";
import { TemporaryFolder } from "./support/folder.ts";

const DEPLOY = join(PACKAGE, "deploy");
const read = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");

test("the configuration file has no fault, but for the library that is not there", async () => {
  using folder = new TemporaryFolder();
  folder.folder("srv");
  folder.file("leat.toml", read("leat.toml").replace('"/srv/leat"', '"srv"'));
  const args = ["server", "check-config", "--config", "leat.toml"];
  expect(await leat(folder.path, args)).toMatchObject({ code: 0, stderr: "" });
});

test("the units name the files that docs/operations.md installs, and one library", () => {
  const unit = read("leat.service");
  const manual = readFileSync(join(PACKAGE, "docs/operations.md"), "utf8");
  for (const path of ["/etc/leat/leat.toml", "/usr/local/bin/leat", "/srv/leat"]) {
    expect(unit).toContain(path);
    expect(manual).toContain(path);
  }
  expect(read("leat.toml")).toContain('library = "/srv/leat"');
  const stop = Number(/TimeoutStopSec=(\d+)/.exec(unit)![1]);
  const drain = Number(/drain = (\d+)/.exec(read("leat.toml"))![1]);
  expect(stop).toBeGreaterThan(drain + 10);
});

const analyze = Bun.which("systemd-analyze");
const named = `systemd-analyze finds little that the unit leaves open${analyze ? "" : " [not run: there is no systemd-analyze]"}`;
test.if(analyze !== null)(named, () => {
  const unit = join(DEPLOY, "leat.service");
  const { stdout, exitCode } = Bun.spawnSync([analyze!, "security", "--offline=true", unit]);
  expect(exitCode).toBe(0);
  const [, exposure] = /Overall exposure level for leat\.service: ([\d.]+)/.exec(
    stdout.toString(),
  )!;
  expect(Number(exposure)).toBeLessThanOrEqual(2);
});

describe("the dashboard", () => {
  test("has only metrics that the server tells", async () => {
    using library = new TemporaryFolder();
    await using server = await createServer({ library: library.path });
    const text = await server.metrics();
    const dashboard = read("grafana.json");
    const names = new Set(dashboard.match(/\b(leat|process)_[a-z_]+/g));
    expect(names.size).toBeGreaterThan(8);
    for (const name of names) {
      expect(text).toContain(`\n# TYPE ${name.replace(/_bucket$/, "")} `);
    }
    expect(JSON.parse(dashboard).panels.length).toBeGreaterThan(5);
  });
});
