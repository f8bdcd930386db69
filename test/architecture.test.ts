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
  /** Only types, gone when the code runs. */
  readonly type: boolean;
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
    imports.push({ of: resolve(path, of!), type: false });
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

/** `session` of session/stream.ts, `limits` of limits.ts, `node` and `bun` of modules. */
function layerOf(path: string): string {
  if (path.startsWith("node:")) return "node";
  if (path === "bun" || path.startsWith("bun:")) return "bun";
  if (!path.includes("/") && !path.endsWith(".ts")) return path;
  return path.split("/")[0]!.replace(/\.ts$/, "");
}

const BASE = ["limits", "errors"];
const SESSION = [...BASE, "wire", "session"];
const CONNECTION = [...SESSION, "hash", "transfer", "net", "connection"];
const LIBRARY = ["operations", "server", "client", "store"];
const AROUND = ["executable", "libc", "version"];

/** What each layer may import besides itself: the layers below it, and what they stand on. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  limits: [],
  errors: [],
  executable: [],
  hash: [],
  libc: [],
  version: [".."], // package.json
  wire: [...BASE, "protobufjs"],
  session: [...BASE, "wire"],
  store: [...BASE, "hash", "libc", "node", "bun"],
  net: [...BASE, "libc", "node", "bun"],
  transfer: [...SESSION, "hash"],
  connection: CONNECTION,
  operations: [...CONNECTION, "store", "node"],
  server: [...CONNECTION, "operations", "store", "executable", "version", "node"],
  client: [...CONNECTION, "version", "node"],
  codec: [...BASE, "wire", "net"],
  index: [...BASE, "wire", "client", "server", "store"],
  testing: [...CONNECTION, "client", "server", "store", "node"],
  cli: [...CONNECTION, ...LIBRARY, ...AROUND, "index", "node", "bun", "commander"],
};

/** Single files that a layer may import from one that it may not. */
const EXCEPTIONS: readonly { from: string; of: string; type?: boolean }[] = [
  // The contract of a place that keeps files: shapes, no code.
  { from: "transfer", of: "store/store.ts", type: true },
  { from: "client", of: "store/store.ts", type: true },
  // A client's downloads go through the same partial files as uploads.
  { from: "client", of: "store/local-file.ts" },
  // Trees are made and read in folders that are held open, and names are checked as the store does.
  { from: "client", of: "store/local-folder.ts" },
  { from: "client", of: "store/names.ts" },
  { from: "client", of: "store/small-file.ts", type: true },
];

function allowed(from: string, { of, type }: Import): boolean {
  const [layer, other] = [layerOf(from), layerOf(of)];
  if (layer === other || MAY[layer]?.includes(other)) return true;
  return EXCEPTIONS.some(
    (one) => one.from === layer && one.of === of && (one.type !== true || type),
  );
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

  test("of every layer are known here", () => {
    const layers = new Set(sources.map(({ path }) => layerOf(path)));
    expect([...layers].filter((layer) => !(layer in MAY))).toEqual([]);
  });

  test("of the generated codec are only in wire", () => {
    const wrong = found(
      ({ path }) => layerOf(path) !== "wire",
      ({ imports }) =>
        imports.map(({ of }) => of).filter((of) => /^wire\/gen\/(leat|canonical)/.test(of)),
    );
    expect(wrong).toEqual([]);
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
    const pure = inLayers("limits", "errors", "wire", "session");
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
      "executable.ts",
      "hash.ts",
      "net/bun.ts",
      "net/handover.ts",
      "server/models/processes.ts",
      "server/models/program.ts",
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

describe("a rule that is broken is found", () => {
  test("in the code: types, comments and what strings say do not count", () => {
    const text = 'const file: Bun.BunFile = open("Date"); // Bun.file\nconst now = Date.now();';
    const code = strip(transpiler.transformSync(text));
    expect(code.match(/\b(?:Bun\.\w+|Date)\b/g)).toEqual(["Date"]);
  });

  const file = (path: string, ...imports: readonly (string | Import)[]) =>
    imports
      .map((one) => (typeof one === "string" ? { of: one, type: false } : one))
      .filter((one) => !allowed(path, one)).length > 0;

  test.each<[string, string, string | Import]>([
    ["wire imports session", "wire/x.ts", "session/session.ts"],
    ["wire imports node", "wire/x.ts", "node:fs"],
    ["net imports wire", "net/x.ts", "wire/frame.ts"],
    ["the store imports net", "store/x.ts", "net/bun.ts"],
    ["session imports transfer", "session/x.ts", "transfer/digest.ts"],
    ["transfer imports code of the store", "transfer/x.ts", "store/store.ts"],
    ["transfer imports the disk's types", "transfer/x.ts", { of: "store/disk.ts", type: true }],
    ["the client imports the server", "client/x.ts", "server/server.ts"],
    ["the server imports the client", "server/x.ts", "client/client.ts"],
    ["operations import the server", "operations/x.ts", "server/peer.ts"],
    ["the library imports the command line", "index.ts", "cli/main.ts"],
    ["the codec imports session", "codec/x.ts", "session/session.ts"],
  ])("%s", (_what, path, of) => {
    expect(file(path, of)).toBe(true);
  });
});
