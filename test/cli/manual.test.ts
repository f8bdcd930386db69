/** docs/cli.md tells what there is, all of it, and nothing else. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CODES } from "../../src/errors.ts";
import { PACKAGE, run } from "./support.ts";

const manual = readFileSync(join(PACKAGE, "docs/cli.md"), "utf8");
const COMMANDS = "list du get upload sync stat remove rename mkdir checksum status ping".split(" ");

test("every kind of failure has its row, with its exit code", () => {
  const rows = [...manual.matchAll(/^\| (\d+) +\| `([A-Z_]+)` +\|/gm)].map(
    (row) => [row[2] ?? "", Number(row[1])] as [string, number],
  );
  const codes = Object.entries(CODES).map(([code, { exit }]) => [code, exit] as [string, number]);
  expect(rows).toEqual(codes.toSorted((a, b) => a[1] - b[1]));
});

test("every flag and its variable are told, and no others", async () => {
  const helps = await Promise.all(
    [["server"], ["client"], ...COMMANDS.map((name) => ["client", name])].map((words) =>
      run(["bun", "src/cli/main.ts", ...words, "--help"]),
    ),
  );
  const offered = new Set(
    helps
      .flatMap(({ stdout }) => [...stdout.matchAll(/^ {2}(?:-\w, )?--([a-z0-9-]+)/gm)])
      .map((m) => m[1]!),
  );
  offered.delete("help");
  offered.delete("version");
  for (const flag of offered) {
    expect(manual).toContain(`--${flag}`);
    expect(manual).toContain(`\`LEAT_${flag.toUpperCase().replaceAll("-", "_")}\``);
  }
  const told = [...manual.matchAll(/`LEAT_([A-Z0-9_]+)`/g)].map((m) => m[1]!);
  const known = new Set(
    [...offered, "debug", "direct-reads", "password", "token"].map((flag) =>
      flag.toUpperCase().replaceAll("-", "_"),
    ),
  );
  expect(told.filter((name) => !known.has(name))).toEqual([]);
});
