/**
 * Lower never imports higher (docs/architecture.md). The imports of src/ are read as they stand, and
 * what the code of the pure layers names is looked at behind the types.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");
const SRC = join(ROOT, "src");

interface Import {
  /** Path below src/, or the name of a module. */
  readonly of: string;
  /** Only types, gone when the code runs: they count as the others do between rooms. */
  readonly type: boolean;
  /** When the code asks for it, not at the start. */
  readonly later?: boolean;
}

interface Source {
  /** Path below src/. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** As it runs: without types, comments and the contents of strings. */
  readonly code: string;
}

const IMPORT = /^(?:import|export)\s(?:(type)\s)?(?:([\w$\s{},*]+?)\sfrom\s)?"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"/g;
const transpiler = new Bun.Transpiler({ loader: "ts" });

function read(path: string): Source {
  const text = readFileSync(join(SRC, path), "utf8");
  const imports: Import[] = [];
  for (const [, type, names = "", of] of text.matchAll(IMPORT)) {
    const all = names.match(/{([^}]*)}/)?.[1]?.split(",") ?? [];
    const named = all.map((name) => name.trim()).filter((name) => name !== "");
    const only = named.length > 0 && named.every((name) => name.startsWith("type "));
    imports.push({ of: resolve(path, of!), type: type !== undefined || only });
  }
  for (const [, of] of text.matchAll(DYNAMIC))
    imports.push({ of: resolve(path, of!), type: false, later: true });
  return { path, imports, code: path.endsWith(".ts") ? strip(transpiler.transformSync(text)) : "" };
}

function resolve(from: string, of: string): string {
  return of.startsWith(".") ? relative(SRC, join(SRC, dirname(from), of)) : of;
}

function strip(code: string): string {
  return code
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replaceAll(/\/\/.*$/gm, "");
}

const sources = [...new Bun.Glob("**/*.{ts,js}").scanSync(SRC)]
  .filter((path) => !path.endsWith(".d.ts"))
  .toSorted()
  .map(read);

/** Folders that are one room. */
const JOINED: Readonly<Record<string, string>> = {
  "wire/gen": "wire",
};

/** The room of a file, `store/write` of store/write/partial.ts; `limits` of limits.ts, `node` of modules. */
function roomOf(path: string): string {
  if (path.startsWith("node:")) return "node";
  if (path === "bun" || path.startsWith("bun:")) return "bun";
  if (path.includes("/")) return JOINED[dirname(path)] ?? dirname(path);
  return path.replace(/\.ts$/, "");
}

const layerOf = (path: string): string => roomOf(path).split("/")[0]!;

const BASE = ["limits", "errors", "file-region", "crc32"];
const SESSION = [...BASE, "wire", "session"];
const MOVING = [...SESSION, "hash", "store", "transfer", "net"];
const CONNECTION = [...MOVING, "connection"];
const FILES = ["store/system", "store/resolve", "store/read", "store/write"];
const CALLS = ["client/connection", "client/local", "client/download", "client/upload"];
const CLIENT = ["client/calls", "client/trees", "client/sync", "client"];
const HOST = ["server/log", "server/metrics", "server/options", "server/users", "server/host"];

/** What each room may import besides itself: rooms above it in this table, and modules. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  limits: [],
  errors: [],
  "file-region": [],
  crc32: [],
  executable: [],
  hash: [],
  libc: ["bun"],
  "next-turn": [],
  "system-error": ["node"],
  version: [".."], // package.json
  wire: [...BASE, "protobufjs"],
  session: [...BASE, "wire"],
  net: [...BASE, "libc", "next-turn", "system-error", "node", "bun"],

  // The contract of a place that keeps files, and the names in it: no disk, no runtime.
  store: BASE,
  "store/system": [...BASE, "hash", "libc", "system-error", "store", "node", "bun"],
  "store/resolve": [...BASE, "next-turn", "store", "store/system", "node"],
  "store/read": [...BASE, "hash", "store", "store/system", "store/resolve", "node"],
  "store/write": [
    ...BASE,
    "hash",
    "libc",
    "next-turn",
    "store",
    "store/system",
    "store/resolve",
    "node",
    "bun",
  ],
  "store/listing": [...BASE, "next-turn", "store", "store/system", "store/resolve", "node"],
  "store/quota": [
    ...BASE,
    "hash",
    "next-turn",
    "store",
    "store/system",
    "store/resolve",
    "node",
    "bun",
  ],
  "store/uploads": [...BASE, "hash", "next-turn", "store", ...FILES, "store/quota", "node"],
  "store/disk": [
    ...BASE,
    "store",
    ...FILES,
    "store/listing",
    "store/quota",
    "store/uploads",
    "node",
  ],

  // A store as one user sees it.
  "store/permitted": [...BASE, "store"],

  transfer: [...SESSION, "hash", "next-turn", "store"],
  connection: MOVING,
  operations: [...CONNECTION, "next-turn", "node"],

  "server/log": [...BASE, "session", "net"],
  "server/metrics": BASE,
  "server/options": [...BASE, "net", "store", "server/log"],
  // The users file, and who is who in it.
  "server/users": [
    ...BASE,
    "wire",
    "net",
    "hash",
    "store",
    "store/system",
    "store/permitted",
    "node",
    "bun",
    "valibot",
  ],
  // What connections share, with no socket: other listeners than leat's own may stand on it.
  "server/host": [
    ...BASE,
    "wire",
    "session",
    "net",
    "store",
    "connection",
    "operations",
    "hash",
    "store/disk",
    "store/permitted",
    "version",
    "server/log",
    "server/metrics",
    "server/options",
    "server/users",
  ],
  "server/loop": [...CONNECTION, "operations", "version", ...HOST, "node"],
  "server/models": [
    ...BASE,
    "net",
    "connection",
    "executable",
    "version",
    ...HOST,
    "server/loop",
    "node",
  ],
  server: [...BASE, "net", "connection", ...HOST, "server/loop", "server/models"],

  "client/connection": [...CONNECTION, "version", "node"],
  "client/local": [...BASE, "hash", "store", ...FILES, "store/listing", "node"],
  "client/download": [...CONNECTION, "next-turn", "client/connection", "client/local", "node"],
  "client/upload": [...CONNECTION, "client/connection", "client/local", "node"],
  "client/calls": [...CONNECTION, ...CALLS],
  "client/trees": [...CONNECTION, ...CALLS, "client/calls", "node", "ignore"],
  "client/sync": [...CONNECTION, ...CALLS, "client/calls", "client/trees", "node"],
  client: [...CONNECTION, ...CALLS, "client/calls", "client/trees", "client/sync"],

  codec: [...BASE, "wire", "net"],
  index: [...CONNECTION, "store/disk", ...HOST, "server", ...CALLS, ...CLIENT],
  testing: [
    ...CONNECTION,
    "store/disk",
    ...HOST,
    "server/loop",
    "client/connection",
    "client",
    "node",
  ],

  "cli/terminal": [...BASE, "libc", "wire", "store/system", "node", "bun"],
  "cli/program": [
    ...BASE,
    "executable",
    "net",
    "connection",
    "store",
    "store/system",
    "client/connection",
    "client/trees",
    "client",
    "cli/terminal",
    "node",
    "commander",
    "smol-toml",
  ],
  "cli/commands": [
    ...BASE,
    "wire",
    "store",
    "client/download",
    "client/upload",
    "client/calls",
    "client/trees",
    "client/sync",
    "client",
    "cli/terminal",
    "cli/program",
    "node",
    "commander",
  ],
  "cli/shell": [
    ...BASE,
    "version",
    "client",
    "cli/terminal",
    "cli/program",
    "cli/commands",
    "node",
    "commander",
  ],
  "cli/server/init": [
    ...BASE,
    "server/users",
    "client/connection",
    "cli/terminal",
    "cli/program",
    "node",
    "commander",
  ],
  "cli/server/users": [
    ...BASE,
    "store",
    "store/permitted",
    "server/users",
    "cli/terminal",
    "cli/program",
    "node",
    "commander",
  ],
  "cli/server": [
    ...BASE,
    "libc",
    "version",
    "net",
    "store",
    "store/system",
    "server/log",
    "server/metrics",
    "server/options",
    "server/users",
    "server",
    "client/connection",
    "cli/terminal",
    "cli/program",
    "cli/server/users",
    "cli/server/init",
    "node",
    "bun",
    "commander",
  ],
  cli: [
    ...BASE,
    "executable",
    "version",
    "server/models",
    "client/connection",
    "cli/terminal",
    "cli/program",
    "cli/commands",
    "cli/shell",
    "cli/server",
    "node",
    "commander",
  ],
};

function allowed(from: string, { of }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(of)];
  return room === other || MAY[room]?.includes(other) === true;
}

/** All files in which something is found, with what. */
function found(where: (source: Source) => boolean, what: (source: Source) => string[]): string[] {
  return sources
    .filter(where)
    .flatMap((source) => what(source).map((one) => `${source.path}: ${one}`));
}

const inLayers =
  (...layers: readonly string[]) =>
  ({ path }: Source): boolean =>
    layers.includes(layerOf(path));

const everywhere = (): boolean => true;

/** Each takes a part of the start of a process that can be noticed, or is for other commands. */
const HEAVY =
  /^node:(child_process|crypto|fs\/promises|http|https|net|os|readline|stream|timers|tls|tty|util|worker_threads|zlib)|^client\/(connection\/ssh\.ts|sync\/start|trees\/tree-(get|put)\b)|^wire\/any-form|^cli\/(server|shell\/shell)/;

describe("the imports", () => {
  test("are read at all", () => {
    expect(sources.length).toBeGreaterThan(80);
    const session = sources.find(({ path }) => path === "session/session.ts")!;
    expect(session.imports).toContainEqual({ of: "errors.ts", type: false });
    expect(session.imports).toContainEqual({ of: "wire/gen/messages.ts", type: true });
    expect(session.code).toContain("class Session");
  });

  test("go downwards", () => {
    const wrong = found(everywhere, ({ path, imports }) =>
      imports.filter((one) => !allowed(path, one)).map(({ of }) => of),
    );
    expect(wrong).toEqual([]);
  });

  test("of every room are known here, each below those that it imports", () => {
    const rooms = [...new Set(sources.map(({ path }) => roomOf(path)))];
    const table = Object.keys(MAY);
    expect(rooms.toSorted()).toEqual(table.toSorted());
    const upwards = table.flatMap((room, at) =>
      table.slice(at).filter((other) => MAY[room]!.includes(other)),
    );
    expect(upwards).toEqual([]);
  });

  test("of the generated codec are only in wire", () => {
    const wrong = found(
      ({ path }) => layerOf(path) !== "wire",
      ({ imports }) =>
        imports.map(({ of }) => of).filter((of) => /^wire\/gen\/(leat|canonical)/.test(of)),
    );
    expect(wrong).toEqual([]);
  });

  test("of a client that moves files over TCP have no heavy module", () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const atOnce = byPath.get(path)?.imports.filter(({ type, later }) => !type && !later) ?? [];
      for (const { of } of atOnce) load(of);
    };
    for (const path of ["main.ts", "client.ts", "commands/get.ts", "commands/upload.ts"]) {
      load(`cli/${path}`);
    }
    expect([...loaded].filter((path) => HEAVY.test(path))).toEqual([]);
    expect(loaded.has("client/download/download-to.ts")).toBe(true);
  });

  test("have no circles among files", () => {
    const next = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter(({ type }) => !type).map(({ of }) => of),
      ]),
    );
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" > "));
      if (done.has(path) || way.includes(path)) return;
      for (const other of next.get(path) ?? []) walk(other, [...way, path]);
      done.add(path);
    };
    for (const path of next.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });
});

describe("the code", () => {
  const names = (pattern: RegExp) => (source: Source) => source.code.match(pattern) ?? [];

  test("of wire and session knows no runtime, no clock, no timer and no chance", () => {
    const impure =
      /\b(?:Bun|process|Date|performance|Math\.random|crypto|fetch|console|set(?:Timeout|Interval|Immediate)|queueMicrotask|Atomics)\b/g;
    const pure = inLayers("limits", "errors", "file-region", "wire", "session");
    expect(
      found((source) => pure(source) && !source.path.includes("/gen/"), names(impure)),
    ).toEqual([]);
  });

  test("of wire and session waits for nothing", () => {
    const waits = /\b(?:async|await|Promise)\b/g;
    expect(found(inLayers("wire", "session"), names(waits))).toEqual([]);
  });

  test("that talks to Bun is where sockets and processes are, the store, and the command line", () => {
    const there = [
      "client/trees/glob-pattern.ts",
      "executable.ts",
      "hash.ts",
      "net/bun.ts",
      "net/handover.ts",
      "net/program.ts",
      "net/stdio.ts",
      "server/models/processes.ts",
      "server/models/program.ts",
      "server/users/passwords.ts",
    ];
    const elsewhere = ({ path }: Source): boolean =>
      !there.includes(path) && !["store", "cli"].includes(layerOf(path));
    expect(found(elsewhere, names(/\bBun\.\w+/g))).toEqual([]);
  });

  test("of net knows no frames, and that of the store no sockets", () => {
    expect(found(inLayers("net"), names(/\b(?:\w*Frame|Session|Stream)\b/g))).toEqual([]);
    const sockets = ({ imports }: Source): string[] =>
      imports.map(({ of }) => of).filter((of) => /^node:(?:net|tls|http|dgram)/.test(of));
    expect(found(inLayers("store"), sockets)).toEqual([]);
  });

  test("never changes protobufjs for others, nor hands it a BigInt", () => {
    const wrong = /\butil\.Long\b|\.configure\(\)|roots\["default"\]/g;
    expect(found(({ path }) => !path.includes("/gen/"), names(wrong))).toEqual([]);
    expect(found(inLayers("wire", "session"), names(/\bBigInt\b|\b\d+n\b/g))).toEqual([]);
  });
});

describe("what the package exports", () => {
  const EXPORT = /^export {([^}]*)} from "([^"]+)"/gm;

  /** The classes that an entry exports, with their text. */
  function classesOf(entry: string): [name: string, text: string][] {
    const exports = readFileSync(join(SRC, entry), "utf8").matchAll(EXPORT);
    return [...exports].flatMap(([, names, of]) => {
      const text = readFileSync(join(SRC, of!), "utf8");
      const classes = text.matchAll(/^export class (\w+)[^]*?^}$/gm);
      return [...classes]
        .filter(([, name]) => new RegExp(`\\b${name}\\b`).test(names!))
        .map(([all, name]): [string, string] => [name!, all]);
    });
  }

  test("are classes of which every member is meant for users", () => {
    const classes = ["index.ts", "codec.ts"].flatMap(classesOf);
    const names = classes.map(([name]) => name);
    for (const name of ["Client", "Download", "LeatError", "Channel"])
      expect(names).toContain(name);
    const wrong = classes.filter(([, text]) => /@(?:internal|hidden)/.test(text));
    expect(wrong.map(([name]) => name)).toEqual([]);
  });
});

describe("a rule that is broken is found", () => {
  test("in the code: types, comments and what strings say do not count", () => {
    const text = 'const file: Bun.BunFile = open("Date"); // Bun.file\nconst now = Date.now();';
    const code = strip(transpiler.transformSync(text));
    expect(code.match(/\b(?:Bun\.\w+|Date)\b/g)).toEqual(["Date"]);
  });

  test.each<[string, string, string]>([
    ["wire imports session", "wire/x.ts", "session/session.ts"],
    ["wire imports node", "wire/x.ts", "node:fs"],
    ["net imports wire", "net/x.ts", "wire/frame.ts"],
    ["the store imports net", "store/x.ts", "net/bun.ts"],
    ["session imports transfer", "session/x.ts", "transfer/digest.ts"],
    ["the store's contract imports the disk", "store/x.ts", "store/system/kernel.ts"],
    ["resolving imports writing", "store/resolve/x.ts", "store/write/partial.ts"],
    ["transfer imports types of the disk", "transfer/x.ts", "store/disk/disk.ts"],
    ["the client imports the disk store", "client/local/x.ts", "store/disk/disk.ts"],
    ["a download imports trees", "client/download/x.ts", "client/trees/tree.ts"],
    ["trees import the client", "client/trees/x.ts", "client/client.ts"],
    ["the terminal imports a command", "cli/terminal/x.ts", "cli/commands/get.ts"],
    ["the client imports the server", "client/x.ts", "server/server.ts"],
    ["the server imports the client", "server/x.ts", "client/client.ts"],
    ["operations import the server", "operations/x.ts", "server/loop/peer.ts"],
    ["the event loop imports the other models", "server/loop/x.ts", "server/models/clients.ts"],
    ["the host imports the event loop", "server/host/x.ts", "server/loop/peer.ts"],
    ["the library imports the command line", "index.ts", "cli/main.ts"],
    ["the codec imports session", "codec/x.ts", "session/session.ts"],
  ])("%s", (_what, path, of) => {
    expect(allowed(path, { of, type: true })).toBe(false);
  });
});
