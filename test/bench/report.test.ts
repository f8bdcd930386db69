/** The report as a user gets it: files in, `bun run bench report`, files out. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chartsOf } from "../../bench/report/chart-specs.ts";
import { draw } from "../../bench/report/draw.ts";
import { markdownReport } from "../../bench/report/markdown.ts";
import { NotARun, Start, readRun } from "../../bench/report/run.ts";
import { Recorder } from "../../bench/support/record.ts";

const MAIN = join(import.meta.dir, "../../bench/main.ts");
const CHROMIUM = "/usr/bin/chromium";
const NASTY = `<script>alert(1)</script> | "it" & \`that\``;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "leat-report-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string): string => join(folder, name);

/** A small run of every form; leat's throughput is multiplied by `speed`. */
function runOf(name: string, speed = 1): object {
  const record = new Recorder();
  const around = (value: number): number[] => [value * 0.99, value, value * 1.01];
  const bulk = { suite: "peers", work: "download 1 GiB", measure: "throughput" } as const;
  record.add({ ...bulk, who: "bare socket loop" }, [1000, 4000, 1200]);
  record.add({ ...bulk, who: "leat" }, [900 * speed, 1000 * speed, 1100 * speed], {
    ceiling: "bare socket loop",
    note: NASTY,
  });
  const key = { suite: "transfer", work: "download 64 × 1 MiB", axis: "streams" };
  for (const at of [1, 8]) {
    record.add({ ...key, who: "leat", at, measure: "throughput" }, around(900));
    record.add({ ...key, who: "leat", at, measure: "latency p50" }, around(2));
    record.add({ ...key, who: "leat", at, measure: "latency p99" }, around(20 / speed));
  }
  const encode = { suite: "codec", measure: "operation" } as const;
  record.add({ ...encode, who: "leat", work: "encode Ping" }, around(60));
  record.add({ ...encode, who: "JSON", work: "encode Ping" }, around(6000));
  record.add({ ...encode, who: "leat", work: `encode ${name}` }, around(60));
  record.absent("peers", "nginx + curl", NASTY);
  const suites = ["codec", "transfer", "peers"];
  return new Start().finish(record, { name, quick: true, suites, failure: undefined });
}

function write(name: string, run: unknown): string {
  const path = inFolder(name);
  writeFileSync(path, typeof run === "string" ? run : JSON.stringify(run));
  return path;
}

async function bench(...words: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    // A suite that is run all the same finds no place for its files, and fails.
    env: { ...process.env, LEAT_BENCH_DIR: inFolder("nowhere") },
    timeout: 60_000,
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

describe("a report of one run", () => {
  let out: string;
  let page: string;
  let text: string;
  beforeAll(async () => {
    out = inFolder("one");
    const { code, err } = await bench("report", write("a.json", runOf("a")), "--out", out);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    page = readFileSync(join(out, "report.html"), "utf8");
    text = readFileSync(join(out, "REPORT.md"), "utf8");
  });

  test("has the median with its range, and says what is noisy", () => {
    expect(text).toContain("1,000 (900–1,100)");
    expect(text).toMatch(/1,200 \(1,000–4,000\) noisy/);
  });

  test("holds a figure against its ceiling sample by sample", () => {
    // 900/1000, 1000/4000, 1100/1200: the middle is 0.9, where 1000/1200 is the ratio of the medians.
    expect(text).toContain("0.90 (0.25–0.92)");
  });

  test("shows works that are alike in one table", () => {
    const record = new Recorder();
    for (const work of ["a", "b", "c", "d", "e", "f"]) {
      for (const who of ["leat", "JSON"]) {
        record.add({ suite: "codec", work, who, measure: "operation" }, [60]);
      }
    }
    const about = { name: "alike", quick: true, suites: ["codec"], failure: undefined };
    const report = markdownReport(new Start().finish(record, about));
    expect(report).toContain("### operation, ns\n\n| work | leat | JSON |");
    expect(report).toContain("| f | 60.0 | 60.0 |");
    expect(report.match(/^### /gm)).toHaveLength(1);
  });

  test("keeps to tenfold steps where noise reaches below nothing", () => {
    const record = new Recorder();
    const key = { suite: "peers", work: "an idle connection", measure: "memory each" } as const;
    record.add({ ...key, who: "nginx" }, [-0.2, 0.008, 0.1]);
    record.add({ ...key, who: "OpenSSH sftp" }, [2700, 2790, 2800]);
    const about = { name: "noise", quick: true, suites: ["peers"], failure: undefined };
    const run = JSON.parse(JSON.stringify(new Start().finish(record, about)));
    const svg = draw(chartsOf(run)[0]!);
    const ticks = [...svg.matchAll(/>([-\d.,k]+)<\/text>/g)].map(([, text]) => text);
    expect(ticks).toContain("0.01");
    expect(ticks.filter((text) => text!.startsWith("-"))).toEqual([]);
  });

  test.each(["throughput", "latency p99"] as const)(
    "begins the names of rows at the left, whole, whatever letters the reader has: %s",
    (measure) => {
      const record = new Recorder();
      const long = "a server with a name of some sixty letters, and its client";
      const works = { throughput: "download 1 GiB", "latency p99": "download 64 × 1 MiB" };
      const suite = measure === "throughput" ? "peers" : "transfer";
      const key = { suite, work: works[measure], axis: "streams", at: 8 };
      record.add({ ...key, who: "leat", measure }, [1]);
      record.add({ ...key, who: long, measure }, [100, 150, 1000]);
      if (suite === "transfer") {
        record.add({ ...key, who: "leat", measure: "latency p50" }, [1]);
        record.add({ ...key, who: long, measure: "latency p50" }, [90]);
      }
      const about = { name: "names", quick: true, suites: [suite], failure: undefined };
      const run = JSON.parse(JSON.stringify(new Start().finish(record, about)));
      const chart = chartsOf(run).find(({ spec }) => ["bars", "spans"].includes(spec.form))!;
      const row = draw(chart).match(new RegExp(`<text[^>]*>${long}[^<]*</text>`))![0];
      expect(row).not.toContain('text-anchor="end"');
      expect(row).not.toContain('text-anchor="middle"');
      expect(Number(/translate\(([-\d.]+)|\bx="([-\d.]+)/.exec(row)![1] ?? 0)).toBeLessThan(20);
      // The figure of a noisy one, too, is beside its name, and not behind its range.
      if (suite === "peers") expect(row).toMatch(/ {3}150 ~<\/text>$/);
    },
  );

  test("names who was not measured", () => {
    expect(text).toContain("nginx + curl");
    expect(page).toContain("nginx + curl");
  });

  test("shows texts of a file as they are, and runs none of them", () => {
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;");
    expect(text).not.toMatch(/(?<!\\)<script/);
    expect(text).toContain("\\| ");
  });

  test("draws each form, with a title and every figure in words", () => {
    const drawn = page.match(/<svg [^>]*role="img"[^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/g);
    // Bars, lines, spans and dots, one each.
    expect(drawn).toHaveLength(4);
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain("leat at 8 streams: throughput 900");
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("leaves each chart as a file that brings its colours", () => {
    const names = readdirSync(join(out, "charts"));
    expect(names).toHaveLength(4);
    for (const name of names) {
      const svg = readFileSync(join(out, "charts", name), "utf8");
      expect(svg).toContain("prefers-color-scheme:dark");
      const used = new Set(svg.match(/var\(--\w+\)/g));
      for (const one of used) expect(svg).toContain(`${one.slice(4, -1)}:#`);
    }
  });

  test("loads nothing", () => {
    const names = /xmlns(:\w+)?="http:\/\/www\.w3\.org\/[^"]+"/g;
    expect(page.replaceAll(names, "")).not.toMatch(
      /https?:|url\((?!#)|<link rel="stylesheet|@import/,
    );
    expect(page).toContain("default-src 'none'");
  });

  test.skipIf(!existsSync(CHROMIUM))("opens in Chromium without a complaint", async () => {
    const profile = mkdtempSync(join(folder, "profile-"));
    const quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking";
    const child = Bun.spawn(
      [
        CHROMIUM,
        ..."--headless --no-sandbox --disable-component-update --disable-sync".split(" "),
        ...quiet.split(" "),
        "--enable-logging=stderr",
        "--dump-dom",
        `--user-data-dir=${profile}`,
        pathToFileURL(join(out, "report.html")).href,
      ],
      { stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 },
    );
    const [dom, log] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(await child.exited).toBe(0);
    expect(dom.match(/<svg /g)).toHaveLength(4);
    expect(log.split("\n").filter((line) => line.includes("CONSOLE"))).toEqual([]);
  });
});

describe("two runs", () => {
  test("show a planted slowdown of a fifth as worse, and the rest as the same", async () => {
    const [before, after] = [write("b.json", runOf("b")), write("c.json", runOf("c", 0.8))];
    const { code, out } = await bench("report", before, after, "--out", inFolder("two"));
    expect(code).toBe(0);
    const text = readFileSync(join(inFolder("two"), "CHANGES.md"), "utf8");
    expect(text).toMatch(/-20\.0 % worse \| peers: download 1 GiB, leat: throughput/);
    expect(text).toMatch(/\+25\.0 % worse \| .* leat at 8 streams: latency p99/);
    expect(text).toContain("3 worse, 0 better");
    expect(text).toContain("only before: codec: encode b, leat");
    expect(text).toContain("only after: codec: encode c, leat");
    expect(out).toContain("3 worse");
    expect(existsSync(join(inFolder("two"), "changes.html"))).toBe(true);
  });

  test("say that a change inside the ranges is noise, and that one sample tells nothing", async () => {
    const run = (name: string, samples: number[], once: number): string => {
      const record = new Recorder();
      const key = { suite: "peers", who: "leat", measure: "throughput" } as const;
      record.add({ ...key, work: "download 1 GiB" }, samples);
      record.add({ ...key, work: "upload 1 GiB" }, [once]);
      const about = { name, quick: true, suites: ["peers"], failure: undefined };
      return write(`${name}.json`, new Start().finish(record, about));
    };
    const paths = [run("d", [900, 1000, 1100], 1000), run("e", [700, 800, 950], 800)];
    const { out } = await bench("report", ...paths, "--out", inFolder("noise"));
    expect(out).toMatch(/-20\.0 % within noise {2}peers: download/);
    expect(out).toMatch(/-20\.0 % one sample {2}peers: upload/);
  });
});

describe("a file that is not of a run", () => {
  const sound = (): Record<string, unknown> => JSON.parse(JSON.stringify(runOf("x")));
  const measurements = (change: object): Record<string, unknown> => {
    const run = sound();
    const [first, ...others] = run["measurements"] as object[];
    return { ...run, measurements: [{ ...first, ...change }, ...others] };
  };
  const cases: [string, () => unknown, RegExp][] = [
    ["no JSON", () => "{", /is not JSON/],
    ["null", () => null, /format/],
    ["a list", () => [], /format/],
    ["of a newer leat", () => ({ ...sound(), format: 2 }), /format 2/],
    ["without a machine", () => ({ ...sound(), machine: undefined }), /machine/],
    ["with samples of text", () => measurements({ samples: ["1"] }), /measurements\.0\.samples\.0/],
    ["without samples", () => measurements({ samples: [] }), /measurements\.0\.samples/],
    [
      "with a measure nobody knows",
      () => measurements({ measure: "x" }),
      /measurements\.0\.measure/,
    ],
    ["with the name of another folder", () => ({ ...sound(), name: 7 }), /name/],
  ];
  test.each(cases)("%s is refused, and the field named", (_, run, message) => {
    const path = write("bad.json", run());
    expect(() => readRun(path)).toThrow(NotARun);
    expect(() => readRun(path)).toThrow(message);
    expect(() => readRun(path)).toThrow(path);
  });

  test("is refused in one line, and so is one that is not there", async () => {
    for (const path of [write("bad.json", "{"), inFolder("none.json")]) {
      const { code, err } = await bench("report", path, "--out", inFolder("bad"));
      expect(err).toStartWith(`bench: ${path}`);
      expect(err.trim().split("\n")).toHaveLength(1);
      expect(code).toBe(2);
    }
  });
});

describe("the command line", () => {
  test("reports what there is when a suite fails, and says which and why", async () => {
    const out = inFolder("failed");
    const { code, err } = await bench("transfer", "--quick", "--out", out, "--name", "broken");
    expect(code).toBe(1);
    expect(err).toContain("ended early: transfer: ");
    expect(readRun(join(out, "broken.json")).failure).toStartWith("transfer: ");
    expect(readFileSync(join(out, "REPORT.md"), "utf8")).toContain("ended early: transfer: ");
    expect(existsSync(join(out, "report.html"))).toBe(true);
  });

  test("answers a wrong word in one line with what there is", async () => {
    const { code, err } = await bench("codex");
    expect(err).toMatch(/codex.*peers, secure, trees, transfer/);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  test.each([[["--nonsense"]], [["--name", "../x", "codec"]]])("refuses %p", async (words) => {
    const { code, err } = await bench(...words);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  test("--help shows examples and how long they take", async () => {
    const { code, out } = await bench("--help");
    expect(code).toBe(0);
    expect(out).toContain("bun run bench report bench/out/before.json bench/out/after.json");
    expect(out).toContain("five minutes");
  });
});
