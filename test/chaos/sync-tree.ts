/** The two folders of a sync under chaos: random trees, and what may be seen in the target at any moment. */
import {
  type BigIntStats,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isPartialName } from "../../src/client/local/partial-names.ts";
import { isOwnFolder } from "../../src/store/names.ts";
import { setModifiedAt } from "../../src/store/system/posix.ts";
import type { Random } from "../support/chop.ts";

/** What a name is: "folder", or the mode, time and contents of a file. */
export type Names = Map<string, string>;

/** Bytes of files: most are small, and some have streams of their own. */
const SIZES = [0, 1, 100, 4096, 4096, 4096, 20_000, 65_536, 65_537, 200_000];

/** One in a while can be continued in the middle. */
const LARGE = { size: 2_500_000, each: 60 };

/** Names of one folder. */
const NAMES = 12;

export class SyncTrees {
  readonly source: string;
  readonly target: string;
  readonly #random: Random;
  readonly #mayChangeKind: boolean;
  /** Where a file is written before it gets its name. */
  readonly #outside: string;
  /** All contents that each name ever had, on either side. */
  readonly #known = new Map<string, Set<string>>();
  /** Facts of the files of the target that were whole. */
  readonly #seen = new Map<string, string>();
  /** Names that only the target has. */
  readonly #own = new Set<string>();
  #made = 0;

  /** @param mayChangeKind whether a file may take the name of a folder */
  constructor(
    { source, target, outside }: Record<"source" | "target" | "outside", string>,
    random: Random,
    mayChangeKind: boolean,
  ) {
    this.source = source;
    this.target = target;
    this.#outside = outside;
    this.#random = random;
    this.#mayChangeKind = mayChangeKind;
    mkdirSync(target, { recursive: true });
    this.#plant("", 0);
  }

  /** Files and folders of the source come, go and change, each in one step. */
  change(times: number): void {
    for (let n = 0; n < times; n += 1) {
      const folder = this.#random.pick(["", ...this.#folders()]);
      const dice = this.#random.below(10);
      const name = this.#name(folder, dice === 0);
      if (dice === 0) this.#replace(name, () => this.#plant(name, 2));
      else if (dice < 3) this.#replace(name, () => {});
      else this.#replace(name, () => this.#write(this.source, name));
    }
  }

  /** Files and folders that only the target has come to it. */
  addOwn(): void {
    const folder = this.#random.pick(["", ...this.#folders()]);
    for (const name of ["own", "own folder/own"]) {
      const path = join(folder, `${name} ${(this.#made += 1)}`);
      // A folder of the source may be a file in the target yet.
      if (!isFolderAt(join(this.target, folder))) continue;
      this.#write(this.target, path);
      this.#own.add(path);
    }
  }

  /** @returns what is wrong with what is seen in the target now */
  halves(): string[] {
    return visible(this.target, false).flatMap((name) => {
      const path = join(this.target, name);
      const stats = statsAt(path);
      if (stats?.isFile() !== true) return [];
      // A file that was seen whole is read again when anything of it is another.
      const facts = `${stats.ino} ${stats.size} ${stats.ctimeNs}`;
      if (this.#seen.get(name) === facts) return [];
      const contents = contentsAt(path);
      if (contents !== undefined && this.#known.get(name)?.has(contents) !== true) {
        return [`${name} is no whole version`];
      }
      this.#seen.set(name, facts);
      return [];
    });
  }

  /** @returns the files that only the target had, and that are gone */
  lost(): string[] {
    const gone = [...this.#own].filter((name) => !existsSync(join(this.target, name)));
    return gone.map((name) => `${name} was only in the target, and is gone`);
  }

  /** @returns in what the target differs from the source. @param isDeleting whether it has nothing else */
  differences(isDeleting: boolean): string[] {
    const [wanted, found] = [namesOf(this.source), namesOf(this.target, isDeleting)];
    const wrong = [...wanted].flatMap(([name, what]) =>
      found.get(name) === what ? [] : [`${name} is not as in the source`],
    );
    const more = [...found.keys()].filter((name) => !wanted.has(name));
    if (!isDeleting) return wrong;
    this.#own.clear();
    return [...wrong, ...more.map((name) => `${name} is only in the target`)];
  }

  #name(folder: string, isFolder: boolean): string {
    const kind = this.#mayChangeKind ? "n" : isFolder ? "d" : "f";
    return join(folder, `${kind}${this.#random.below(NAMES)}`);
  }

  #plant(folder: string, depth: number): void {
    const path = join(this.source, folder);
    if (!isFolderAt(path)) rmSync(path, { force: true });
    mkdirSync(path, { recursive: true });
    for (let n = 0; n < NAMES; n += 1) {
      const dice = this.#random.below(10);
      if (dice < 6) this.#replaceFree(this.#name(folder, false));
      else if (dice < 8 && depth < 2) this.#plant(this.#name(folder, true), depth + 1);
    }
  }

  #replaceFree(name: string): void {
    if (!isFolderAt(join(this.source, name))) this.#write(this.source, name);
  }

  #replace(name: string, make: () => void): void {
    const path = join(this.source, name);
    // A file that replaces another one does so in one step.
    if (isFolderAt(path) || this.#random.below(4) === 0) {
      rmSync(path, { recursive: true, force: true });
    }
    make();
  }

  #write(root: string, name: string): void {
    const isLarge = this.#random.below(LARGE.each) === 0;
    const contents = this.#random.bytes(isLarge ? LARGE.size : this.#random.pick(SIZES));
    const seen = this.#known.get(name) ?? new Set();
    this.#known.set(name, seen.add(hashOf(contents)));
    writeFileSync(this.#outside, contents);
    chmodSync(this.#outside, name.length % 3 === 0 ? 0o755 : 0o644);
    const seconds = 1_500_000_000 + (this.#made += 1);
    setModifiedAt(this.#outside, { seconds, nanoseconds: 123_456_789 });
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (isFolderAt(path)) rmSync(path, { recursive: true });
    renameSync(this.#outside, path);
  }

  #folders(): string[] {
    return [...namesOf(this.source)].flatMap(([name, what]) => (what === "folder" ? [name] : []));
  }
}

function namesOf(root: string, withPartials = false): Names {
  const names: Names = new Map();
  for (const name of visible(root, withPartials)) {
    const path = join(root, name);
    const { mode, mtimeNs } = lstatSync(path, { bigint: true });
    const contents = contentsAt(path);
    names.set(name, contents === undefined ? "folder" : `${mode} ${mtimeNs} ${contents}`);
  }
  return names;
}

/** Names that a user sees: not what a server keeps in its library. */
function visible(root: string, withPartials: boolean): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => {
    if (isOwnFolder(name.split("/")[0]!)) return false;
    return withPartials || !isPartialName(name.slice(name.lastIndexOf("/") + 1));
  });
}

/** @returns undefined where there is no file */
function contentsAt(path: string): string | undefined {
  try {
    return hashOf(readFileSync(path));
  } catch {
    return undefined;
  }
}

const hashOf = (bytes: Uint8Array): string => `${bytes.length} ${Bun.hash(bytes)}`;

const isFolderAt = (path: string): boolean => statsAt(path)?.isDirectory() === true;

/** @returns undefined where there is nothing: a folder above it may be gone, or be a file now */
function statsAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
