/** What npm publishes: packed, installed in an empty project, checked and run there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE, run } from "./cli/support.ts";
import { TemporaryFolder } from "./support/folder.ts";
import { LONG } from "./support/ways.ts";

const MODULES = join(PACKAGE, "node_modules");
/** What the package needs, with what that needs. */
const NEEDED = ["commander", "ignore", "protobufjs", "long", "smol-toml", "valibot"];
/** A project that is written in TypeScript for Bun has these of its own. */
const TYPES = ["bun-types", "@types/node", "undici-types"];

let folder: TemporaryFolder;
let project: string;
/** npm asks no registry, and keeps what it keeps in the folder of the test. */
let npm: Record<string, string>;

beforeAll(async () => {
  folder = new TemporaryFolder();
  project = folder.folder("project");
  npm = {
    npm_config_cache: folder.at("cache"),
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
    npm_config_userconfig: folder.at("npmrc"),
  };
  // A copy is packed: nothing is written where the tests are.
  const copy = folder.folder("copy");
  const { files } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const beside = ["package.json", "tsconfig.json", "README.md", "LICENSE", "scripts"];
  for (const name of [...files.filter((one: string) => !one.startsWith("dist")), ...beside]) {
    cpSync(join(PACKAGE, name), join(copy, name), { recursive: true });
  }
  symlinkSync(MODULES, join(copy, "node_modules"));
  const packed = await pack(copy);
  const needed = await Promise.all(NEEDED.map(archive));
  folder.file("project/package.json", '{ "name": "project", "private": true, "type": "module" }');
  await npmRuns(["install", "--no-audit", "--no-fund", packed, ...needed], project);
  for (const name of TYPES) {
    const link = join(project, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(join(MODULES, name), link);
  }
});
afterAll(() => folder[Symbol.dispose]());

async function npmRuns(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(["npm", ...args], { cwd, env: npm });
  expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
}

/** @returns the path of the tarball */
async function pack(path: string): Promise<string> {
  const to = folder.folder("packed");
  const said = await npmRuns(["pack", path, "--pack-destination", to], path);
  return join(to, said.trim().split("\n").at(-1)!);
}

/** What is installed already, as a tarball once more. */
async function archive(name: string): Promise<string> {
  const tarball = folder.at(`${name}.tar`);
  const exclude = "--exclude=./node_modules";
  const prefix = "--transform=s,^\\.,package,";
  const command = ["tar", "-cf", tarball, exclude, prefix, "-C", join(MODULES, name), "."];
  const { code, stderr } = await run(command);
  expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: "" });
  return tarball;
}

/** The code under a heading of README.md. */
function codeOf(heading: string): string {
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  const [, code] = new RegExp(`\n### ${heading}\n[^]*?\n\`\`\`ts\n([^]*?)\`\`\``).exec(readme)!;
  return code!;
}

const CODEC = `
import { connect, listen, type Codec } from "leat/codec";
const codec: Codec<string> = {
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) => new TextDecoder().decode(bytes),
};
const both = { codec, maxLength: 1000, hostname: "127.0.0.1" };
await using server = listen({
  ...both,
  port: 0,
  onOpen: async (channel) => {
    for await (const text of channel) channel.send(text.toUpperCase());
  },
});
await using channel = await connect({ ...both, port: server.port });
channel.send("hello");
for await (const text of channel) {
  console.log(text);
  break;
}
`;

const TESTING = `
import { LeatError, type Entry } from "leat";
import { connectInMemory } from "leat/testing";
await using leat = await connectInMemory();
await leat.client.put("foo.txt", new TextEncoder().encode("foo"));
const entry: Entry = await leat.client.stat("foo.txt");
console.log(entry.name, entry.size);
const error: unknown = await leat.client.stat("bar.txt").catch((error: unknown) => error);
console.log(error instanceof LeatError && error.code);
`;

const PROGRAMS: Readonly<Record<string, readonly [string, RegExp]>> = {
  "embed.ts": [codeOf("Embed"), /^5 fsync\nnotes\.txt 5\n1 3\n$/],
  "codec.ts": [CODEC, /^HELLO\n$/],
  "testing.ts": [TESTING, /^foo\.txt 3\nNOT_FOUND\n$/],
};

describe("the package in an empty project", () => {
  test.each(Object.keys(PROGRAMS))("runs %s", async (name) => {
    const [code, wanted] = PROGRAMS[name]!;
    folder.file(`project/${name}`, code);
    const ran = await run([process.execPath, name], { cwd: project });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(wanted);
  });

  /** TypeScript 6 needs seconds for the types of Bun: it checks where they are missing. */
  const tsc = [join(MODULES, ".bin/tsc")];
  const bun = [process.execPath, "check", "--no-script"];

  const ways = [
    ["bundler", "ESNext, DOM", "bun-types"],
    ["nodenext", "ESNext", "bun-types"],
    ["nodenext", "ESNext, DOM", ""],
    ["bundler", "ESNext", "bun-types"],
    ["nodenext", "ESNext, DOM", "bun-types"],
    ["bundler", "ESNext, DOM", ""],
  ] as const;
  // Each value once; with LEAT_TEST_LONG all that go together.
  test.each(LONG ? ways : ways.slice(0, 3))(
    "is checked with %s, %s, %s",
    async (moduleResolution, lib, types) => {
      const programs = Object.entries(PROGRAMS).filter(
        ([, [code]]) => types !== "" || !code.includes("Bun."),
      );
      for (const [name, [code]] of programs) folder.file(`project/${name}`, code);
      const compilerOptions = {
        target: "ESNext",
        lib: lib.split(", "),
        types: types === "" ? [] : [types],
        moduleResolution,
        module: moduleResolution === "nodenext" ? "NodeNext" : "Preserve",
        noEmit: true,
        // The declarations of the package are looked at, too, by rules that are not leat's.
        skipLibCheck: false,
        skipDefaultLibCheck: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        isolatedModules: true,
        noPropertyAccessFromIndexSignature: true,
        noUnusedLocals: true,
      };
      const config = { compilerOptions, files: programs.map(([name]) => name) };
      folder.file("project/tsconfig.json", JSON.stringify(config));
      expect(config.files.length).toBeGreaterThan(1);
      const checker = types === "" ? tsc : bun;
      const { code, stdout } = await run(checker, { cwd: project });
      expect({ checker, code, stdout }).toEqual({ checker, code: 0, stdout: "" });
    },
  );

  test("has a reference of everything that it exports", async () => {
    for (const [entry, page] of [
      ["leat", "leat.md"],
      ["leat/codec", "leat/codec.md"],
      ["leat/testing", "leat/testing.md"],
    ] as const) {
      const path = join(project, "node_modules/leat/docs/api", page);
      const told = [...readFileSync(path, "utf8").matchAll(/^### (\w+)/gm)].map(([, name]) => name);
      const exported = Object.keys((await import(entry)) as object);
      expect(exported.length).toBeGreaterThan(0);
      expect(exported.filter((name) => !told.includes(name))).toEqual([]);
    }
  });

  test("has the command", async () => {
    const command = join(project, "node_modules/.bin/leat");
    const path = `${join(MODULES, ".bin")}:${process.env["PATH"]}`;
    const ran = await run([command, "--version"], { cwd: project, env: { PATH: path } });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
  });
});
