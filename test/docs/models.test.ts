/** docs/models.md and its Chinese twin: the same commands and figures, and what they say is so. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENTS, withFigures } from "../../bench/models/tables.ts";
import { readRun } from "../../bench/report/run.ts";
import { AtTerminal, PACKAGE, run, RunningServer } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { plain, readDocument, rows } from "./document.ts";

const LIBRARY = "/tmp/leat-models";
const documents = DOCUMENTS.map((path) => readDocument(path.replace("docs/", "")));
const [english] = documents as [string];

/** Shell commands by the name in the comment above them. */
function commands(document: string): Record<string, string> {
  const found = document.matchAll(/<!-- ([\w-]+) -->\n\n```sh\n([^]*?)```/g);
  return Object.fromEntries([...found].map(([, name, text]) => [name, text!.trim()]));
}

const COMMANDS = commands(english);
const outputs = (document: string): string[] =>
  [...document.matchAll(/```console\n([^]*?)```/g)].map(([, text]) => text!);

/** Bodies of the tables whose figures are measured, by name. */
function figures(document: string): Record<string, string[][]> {
  const found = document.matchAll(/<!-- ([\w-]+) -->\n\n((?:\|.*\n)+)/g);
  return Object.fromEntries([...found].map(([, name, table]) => [name, rows(table!)]));
}

/** What does not depend on the language: the levels of the headings, links to files, first columns. */
function shape(document: string) {
  const prose = document.replaceAll(/```[^]*?```/g, "");
  return {
    headings: [...prose.matchAll(/^#+ /gm)].map(String),
    files: [...prose.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)]
      .map(([, path]) => path!)
      .filter((path) => !path.includes("models.md") && !path.includes("models.zh-CN.md")),
    flags: prose.match(/--(?:model|workers) [\w-]+/g)?.toSorted(),
  };
}

test("both languages have the same sections, commands, outputs and figures", () => {
  const [one, other] = documents.map((document) => ({
    ...shape(document),
    commands: commands(document),
    outputs: outputs(document),
    figures: figures(document),
  }));
  expect(one!.headings.length).toBeGreaterThan(10);
  expect(Object.keys(one!.commands).length).toBeGreaterThan(10);
  expect(Object.keys(one!.figures)).toHaveLength(7);
  expect(other).toEqual(one!);
});

test.each(DOCUMENTS)("the figures of %s are those of the run that it names", (path) => {
  const document = readDocument(path.replace("docs/", ""));
  const [source] = /bench\/results\/[\w.-]+\.json/.exec(document)!;
  const { measurements } = readRun(join(PACKAGE, source));
  expect(plain(document)).toBe(plain(withFigures(document, source, measurements)));
  for (const row of Object.values(figures(document)).flat()) {
    for (const cell of row.slice(1)) expect(cell).toMatch(/^(–|[\d,.]+( ~)?( \(\d+\/256\))?)$/);
  }
});

test("every file, script and link that is named is there", async () => {
  const { scripts } = (await Bun.file(join(PACKAGE, "package.json")).json()) as {
    scripts: Record<string, string>;
  };
  const all = Object.values(COMMANDS).join("\n");
  for (const [, name] of all.matchAll(/bun run (\w+)/g)) expect(scripts).toHaveProperty(name!);
  for (const [, path] of all.matchAll(/bun ((?:src|bench|examples)\/\S+\.ts)/g)) {
    expect([path, existsSync(join(PACKAGE, path!))]).toEqual([path, true]);
  }
  for (const path of documents.flatMap((document) => shape(document).files)) {
    expect([path, existsSync(join(PACKAGE, "docs", path))]).toEqual([path, true]);
  }
});

/** Runs a block of the documents as a shell does. */
function shell(name: string, server = "", replace = (text: string) => text) {
  return run(["bash", "-c", replace(COMMANDS[name]!)], { env: { LEAT_SERVER: server } });
}

const servers = [COMMANDS["server"]!.split("\n")[1]!, ...COMMANDS["models"]!.split("\n")];

describe.each(servers)("%s", (line) => {
  test("and two clients do what the text tells", async () => {
    using library = new TemporaryFolder();
    await run([
      "bash",
      "-c",
      COMMANDS["server"]!.split("\n")[0]!.replaceAll(LIBRARY, library.path),
    ]);
    const args = line.replace("bun run server ", "").replace(LIBRARY, library.path).split(" ");
    await using server = await RunningServer.start(args, { LEAT_PORT: "0" });
    const env = { LEAT_SERVER: server.address };
    const words = COMMANDS["shell"]!.split(" ");
    await using sitting = new AtTerminal(words, { cwd: PACKAGE, env });
    await sitting.prompt();
    expect(await sitting.enter("list")).toContain("today.txt");
    if (!line.includes("iterative")) {
      const { code, stdout } = await shell("other", server.address);
      expect({ code, stdout }).toEqual({ code: 0, stdout: "today.txt\n" });
    } else {
      const impatient = await shell("timeout", server.address);
      expect(impatient.code).toBe(42);
      expect(impatient.stderr).toContain("did not answer within 1 s");
      const log = server.stderr.text.length;
      const waiting = shell("other", server.address);
      await server.stderr.until(/wait 127\.0\.0\.1:\d+\n/, log);
      await sitting.type("quit\r", "quit");
      expect((await waiting).stdout).toBe("today.txt\n");
    }
    const name = new RegExp(`\\\`--${line.split(" --")[1]}\\\` +\\| \\\`(\\w+)=`).exec(
      english,
    )?.[1];
    const who = name === undefined ? "\\n" : ` ${name}=\\d+`;
    await server.stderr.until(new RegExp(`connect 127[^\n]*${who}`));
  });
});

test("the sockets of a server do not block", async () => {
  using library = new TemporaryFolder();
  await using server = await RunningServer.start([library.path], { LEAT_PORT: "0" });
  const pid = `${server.child.pid}`;
  const { stdout } = await shell("flags", "", (text) => text.replace(/\$\(pgrep[^)]*\)/, pid));
  expect(stdout).toMatch(/^(flags:\t\d*4002\n)+$/);
});

/** Times differ from run to run. */
const timeless = (text: string): string => text.replaceAll(/[\d.]+ ms/g, "… ms");

test.each(["udp", ...(process.platform === "linux" ? ["blocking"] : [])])(
  "%s prints what the text shows",
  async (name) => {
    const { code, stdout } = await shell(name);
    expect(code).toBe(0);
    const shown = outputs(english).map(timeless);
    expect(shown).toContain(timeless(stdout));
  },
);
