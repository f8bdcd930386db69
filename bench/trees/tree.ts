/** Trees that are moved and mirrored, and whether they are the same on both sides. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export interface Shape {
  readonly folders: number;
  /** Files in each. */
  readonly each: number;
  /** Bytes of each file. */
  readonly size: number;
}

/** Seconds since 1970: all files are of an old time at first. */
const BEGAN = 1_600_000_000;
/** One file of so many changes. */
const CHANGED = 100;

export const filesOf = ({ folders, each }: Shape): number => folders * each;

const pathOf = (root: string, folder: number, file: number): string =>
  join(root, `d${String(folder).padStart(4, "0")}`, `f${String(file).padStart(5, "0")}`);

export function makeTree(root: string, shape: Shape): void {
  const bytes = Buffer.alloc(shape.size, "0");
  for (let folder = 0; folder < shape.folders; folder += 1) {
    mkdirSync(join(pathOf(root, folder, 0), ".."), { recursive: true });
    for (let file = 0; file < shape.each; file += 1) {
      const path = pathOf(root, folder, file);
      writeFileSync(path, bytes);
      utimesSync(path, BEGAN, BEGAN);
    }
  }
}

/** Writes the same 1 % of the files each time. @param round different each time */
export function changeTree(root: string, shape: Shape, round: number): void {
  const bytes = Buffer.alloc(shape.size, String(round));
  for (let index = 0; index < filesOf(shape); index += CHANGED) {
    const path = pathOf(root, Math.floor(index / shape.each), index % shape.each);
    writeFileSync(path, bytes);
    utimesSync(path, BEGAN + round, BEGAN + round);
  }
}

/** A copy with all times. */
export function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { exitCode, stderr } = Bun.spawnSync(["cp", "-a", from, to]);
  if (exitCode !== 0) throw new Error(`cp: ${stderr.toString()}`);
}

/** @throws Error where a file of one is missing in the other, or is of another size or time */
export function compareTrees(from: string, to: string): void {
  const names = readdirSync(from, { recursive: true, encoding: "utf8" });
  for (const name of names) {
    const wanted = lstatSync(join(from, name));
    // A folder has another time when something in it was replaced, and a link may be left out.
    if (!wanted.isFile()) continue;
    const path = join(to, name);
    if (!existsSync(path)) throw new Error(`${path} is missing`);
    const found = lstatSync(path);
    if (found.size !== wanted.size || Math.floor(found.mtimeMs) !== Math.floor(wanted.mtimeMs)) {
      throw new Error(`${path} is not as its source`);
    }
  }
}
