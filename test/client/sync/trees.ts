/** Random trees on disk, changed at random on two sides, and what a sync should make of them. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setModifiedAt } from "../../../src/store/system/posix.ts";
import type { Random } from "../../support/chop.ts";

/** `folder`, or the time, the permission bits and the contents of a file. */
export type Picture = Map<string, string>;

export function picture(root: string): Picture {
  const seen: Picture = new Map();
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()) {
    const path = join(root, name);
    const stats = lstatSync(path, { bigint: true });
    const mode = (Number(stats.mode) & 0o777).toString(8);
    const file = (): string => `${stats.mtimeNs} ${mode} ${readFileSync(path, "latin1")}`;
    seen.set(name, stats.isFile() ? file() : "folder");
  }
  return seen;
}

/** The modified times of the folders. */
export function folderTimes(root: string): Map<string, bigint> {
  const times = new Map<string, bigint>();
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const stats = lstatSync(join(root, name), { bigint: true });
    if (stats.isDirectory()) times.set(name, stats.mtimeNs);
  }
  return times;
}

const NAMES = ["a", "b", "b.txt", "ü", "Z", "-", "a b", ".h", "c"];

/** Few of them, so that sizes and times often are the same. */
const TEXTS = ["", "x", "y", "longer", "z".repeat(70_000)];

const MODES = [0o644, 0o600, 0o755];

function write(path: string, random: Random): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, random.pick(TEXTS));
  chmodSync(path, random.pick(MODES));
  touch(path, random);
}

function touch(path: string, random: Random): void {
  const seconds = 1_500_000_000 + random.below(2);
  setModifiedAt(path, { seconds, nanoseconds: 123_456_789 + random.below(2) });
}

export function plant(root: string, random: Random, depth = 0): void {
  mkdirSync(root, { recursive: true });
  for (const name of NAMES) {
    const dice = random.below(10);
    if (dice < 4) write(join(root, name), random);
    else if (dice < 6 && depth < 3) plant(join(root, name), random, depth + 1);
  }
}

/** Some changes anywhere in a tree: files and folders come, go, change, and take each other's place. */
export function change(root: string, random: Random): void {
  for (let times = random.below(12); times > 0; times -= 1) {
    const all = [...picture(root)];
    const [name, what] = all.length === 0 ? ["a", "folder"] : random.pick(all);
    const path = join(root, name);
    const dice = random.below(7);
    if (dice === 0) rmSync(path, { recursive: true, force: true });
    else if (dice === 1) {
      rmSync(path, { recursive: true, force: true });
      if (what === "folder") write(path, random);
      else plant(path, random, 2);
    } else if (what === "folder") write(join(path, `new ${random.below(3)}`), random);
    else if (dice < 4) write(path, random);
    else if (dice === 4) chmodSync(path, random.pick(MODES));
    else touch(path, random);
  }
}

/** What rsync -a --delete makes of the target; without `isDeleting` nothing of it is lost. */
export function synced(source: Picture, target: Picture, isDeleting: boolean): Picture {
  const result: Picture = new Map(isDeleting ? [] : target);
  const kept: string[] = [];
  for (const [name, what] of [...source].toSorted()) {
    if (kept.some((folder) => name.startsWith(`${folder}/`))) continue;
    const before = target.get(name);
    if (!isDeleting && before !== undefined && (before === "folder") !== (what === "folder")) {
      kept.push(name);
      continue;
    }
    const isKept = before !== undefined && isSame(before, what);
    result.set(name, isKept ? withMode(before, what) : what);
  }
  return new Map([...result].toSorted());
}

/** Of the same time and size. */
function isSame(a: string, b: string): boolean {
  return a.length === b.length && a.slice(0, TIME) === b.slice(0, TIME);
}

/** The file, with the permission bits of another one. */
function withMode(file: string, other: string): string {
  return file.slice(0, TIME) + other.slice(TIME, TIME + MODE) + file.slice(TIME + MODE);
}

/** Characters of a time, and of permission bits behind a space. */
const TIME = 19;
const MODE = 4;
