/** A tree that is hard to move: odd names, times and modes, links, and entries that the wire cannot carry. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setModifiedAt } from "../../src/store/system/posix.ts";
import type { Random } from "../support/chop.ts";

/** Each is sent as it is. */
const NAMES: readonly string[] = [
  "-rf",
  "--help",
  " ",
  " both ends ",
  ".hidden",
  "...",
  "~",
  ":colon",
  "#comment#",
  "%2e%2e",
  "$(reboot)",
  "`id`",
  "*?[a-z]{b,c}",
  "!negated",
  "back\\slash",
  "quote'",
  'quote"s"',
  "a;b|c&d>e<f",
  "README",
  "readme",
  "ReadMe",
  "caf\u00e9", // composed
  "cafe\u0301", // and decomposed
  "\u05e9\u05dc\u05d5\u05dd", // right to left
  "\u202egnp.exe", // with an override
  "\u200b", // no width
  "\ufeffmark",
  "\u2028line",
  "\u{1f4a9}",
  "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{10ffff}",
  "\uffff",
  "x".repeat(255),
  `${"\u00fc".repeat(127)}z`,
  "\u{1f30a}".repeat(63),
  "con.txt.",
];

/** The wire has no form for these. */
const BAD_NAMES: readonly Buffer[] = [
  Buffer.from("new\nline"),
  Buffer.from("bell\u0007"),
  Buffer.from("del\u007f"),
  Buffer.from([0x66, 0xff, 0xfe]),
];

const LINKS: readonly string[] = ["README", "./a/../..", "/etc/passwd", "-rf/*", "nowhere", "."];

export interface Planted {
  /** Folders in which something is that cannot be sent. */
  readonly bad: number;
  /** Links that lead out of the tree. */
  readonly out: number;
  readonly pipes: number;
  readonly entries: number;
}

/** Plants at least so many entries. */
export function plantUnkind(root: string, random: Random, least: number): Planted {
  const counts = { bad: 0, out: 0, pipes: 0, entries: 0 };
  const later: (() => void)[] = [];
  const folders: [path: string, depth: number][] = [[root, 0]];
  mkdirSync(root, { recursive: true });
  const touch = (path: string): void => setModifiedAt(path, timeOf(random));
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    const [folder, depth] = next;
    const isBad = random.below(9) === 0 || depth === 0;
    const mayBeEmpty = depth > 0 && (folders.length > 0 || counts.entries >= least);
    const more = mayBeEmpty && random.below(6) === 0 ? 0 : 4 + random.below(24);
    const names = new Set(Array.from({ length: more }, () => nameOf(random)));
    for (const name of names) {
      counts.entries += 1;
      const path = `${folder}/${name}`;
      const dice = random.below(20);
      const isFolder = dice < 4 && counts.entries + folders.length * 12 < least;
      if (isFolder || (folders.length === 0 && counts.entries < least)) {
        mkdirSync(path);
        folders.push([path, depth < 20 ? depth + 1 : depth]);
      } else if (dice < 6) {
        const target = random.pick(LINKS);
        if (target.startsWith("/") || target.includes("..")) counts.out += 1;
        symlinkSync(target, path);
      } else {
        writeFileSync(path, random.bytes(sizeOf(random)));
        chmodSync(path, random.pick([0o644, 0o600, 0o755, 0o444, 0o400, 0o640]));
        touch(path);
      }
    }
    if (isBad) {
      counts.bad += 1;
      const bad = random.pick(BAD_NAMES);
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), bad]), "never sent");
    }
    if (isBad && random.below(2) === 0) {
      counts.pipes += 1;
      Bun.spawnSync(["mkfifo", `${folder}/a pipe`]);
    }
    later.push(() => {
      touch(folder);
      chmodSync(folder, random.pick([0o755, 0o700, 0o750, 0o555, 0o500]));
    });
  }
  for (const set of later.toReversed()) set();
  return counts;
}

function nameOf(random: Random): string {
  if (random.below(3) > 0) return random.pick(NAMES);
  return `${random.pick(NAMES).slice(0, 12).toWellFormed()} ${random.below(1000)}`;
}

function sizeOf(random: Random): number {
  const dice = random.below(200);
  if (dice === 0) return 1_100_000 + random.below(100_000);
  if (dice < 4) return 65_000 + random.below(2000);
  return random.below(4) === 0 ? 0 : random.below(3000);
}

function timeOf(random: Random): { seconds: number; nanoseconds: number } {
  const seconds = random.pick([-2_000_000_000, -1, 0, 1, 1_700_000_000, 5_000_000_000]);
  return { seconds: seconds + random.below(1000), nanoseconds: random.below(1_000_000_000) };
}

/** Everything that can be carried: kind, mode, time to the nanosecond, and contents. */
export function unkindPicture(root: string, below = ""): Map<string, string> {
  const seen = new Map<string, string>();
  for (const raw of readdirSync(join(root, below), { encoding: "buffer" })) {
    if (BAD_NAMES.some((bad) => bad.equals(raw))) continue;
    const name = raw.toString();
    const place = below === "" ? name : `${below}/${name}`;
    const path = `${root}/${place}`;
    const stats = lstatSync(path, { bigint: true });
    const facts = `${(Number(stats.mode) & 0o7777).toString(8)} ${stats.mtimeNs}`;
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(path);
      if (!target.startsWith("/") && !target.includes("..")) seen.set(place, `-> ${target}`);
    } else if (stats.isFile()) seen.set(place, `${facts} ${Bun.hash(readFileSync(path))}`);
    else if (stats.isDirectory()) {
      seen.set(place, `${facts} folder`);
      for (const [within, what] of unkindPicture(root, place)) seen.set(within, what);
    }
  }
  return seen;
}
