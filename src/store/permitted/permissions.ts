/**
 * The permissions of a user, by folder: those of the longest path that a rule has count. No file is touched here,
 * so that what a user may not do is refused before anything can be learned from it.
 *
 * A name may have other spellings that its file system takes for the same: another letter case, accents as
 * characters of their own. Both spellings have to permit it.
 */

/** All that can be permitted. */
export const PERMISSIONS = [
  "list",
  "read",
  "write",
  "overwrite",
  "delete",
  "rename",
  "mkdir",
  "checksum",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** By path of a folder, relative to the user's root; "" is the root. */
export type Rules = ReadonlyMap<string, readonly Permission[]>;

/** Those without which nothing can be changed. */
const CHANGES: readonly Permission[] = ["write", "overwrite", "delete", "rename", "mkdir"];

/** A set of permissions, as bits. */
type Rights = number;

const BITS = Object.fromEntries(PERMISSIONS.map((name, index) => [name, 1 << index])) as Readonly<
  Record<Permission, Rights>
>;

const bitsOf = (permissions: readonly Permission[]): Rights =>
  permissions.reduce((all, permission) => all | BITS[permission], 0);

/** A folder that was asked about, what holds in it, and whether rules begin in it. */
const NO_FOLDER = { folder: "", rights: 0, hasRules: false };

export class Permissions {
  readonly #exact: ReadonlyMap<string, Rights>;
  readonly #folded: ReadonlyMap<string, Rights>;
  /** Where one rule holds for everything. */
  readonly #uniform: Rights | undefined;
  #last = NO_FOLDER;
  /** Names on the way to a rule, and whether they are visible, by folder; all folded. */
  readonly #children = new Map<string, Map<string, boolean>>();
  /** As they are spelled, by folder, folded. */
  readonly #spelled = new Map<string, Map<string, string>>();

  constructor(rules: Rules) {
    const exact = [...rules].map(([path, list]) => [path, bitsOf(list)] as const);
    this.#exact = new Map(exact);
    const folded = new Map<string, Rights>();
    for (const [path, rights] of exact) {
      const key = fold(path);
      folded.set(key, (folded.get(key) ?? ~0) & rights);
    }
    this.#folded = folded;
    this.#uniform = exact.length === 1 ? this.#exact.get("") : undefined;
    for (const path of rules.keys()) this.#note(path);
    this.#last = NO_FOLDER; // it may have been asked for while rules were missing
  }

  /** One rule for everything: no file can be reached by a name with other permissions. */
  get isUniform(): boolean {
    return this.#uniform !== undefined;
  }

  /** Whether nothing can be changed. */
  get isReadOnly(): boolean {
    const change = bitsOf(CHANGES);
    return [...this.#exact.values()].every((rights) => (rights & change) === 0);
  }

  has(path: string, permission: Permission): boolean {
    return (this.#at(path) & BITS[permission]) !== 0;
  }

  /** As `has`, to make, rename or remove this very name: where a rule begins, the folder above counts, too. */
  mayChange(path: string, permission: Permission): boolean {
    if (!this.has(path, permission)) return false;
    if (this.#uniform !== undefined || this.#isInPlainFolder(path)) return true;
    return path === "" || !this.isRule(path) || this.has(parentOf(path), permission);
  }

  /** Whether the user may know of it: something is permitted there, or further down. */
  isVisible(path: string): boolean {
    return this.#at(path) !== 0 || this.#leadsOn(fold(path));
  }

  /** Whether a rule begins with this folder: then it tells of the folder already. */
  isRule(path: string): boolean {
    return this.#folded.has(fold(path));
  }

  /** Whether rules begin further down: then it stays where it is. */
  hasRulesBelow(path: string): boolean {
    return this.#children.has(fold(path));
  }

  /** Whether the same is permitted at both. */
  isSame(one: string, other: string): boolean {
    return this.#at(one) === this.#at(other);
  }

  /** Tells which names in a folder are visible, once the folder itself can be listed; undefined where all are. */
  filterOf(folder: string): ((name: string) => boolean) | undefined {
    const children = this.#children.get(fold(folder));
    if (children === undefined) return undefined;
    return (name) => children.get(fold(name)) ?? true;
  }

  /** The visible names that lead to rules, sorted by their UTF-8 bytes, in a folder that cannot be listed. */
  leadingNames(folder: string): string[] {
    const key = fold(folder);
    const visible = this.#children.get(key) ?? new Map<string, boolean>();
    const spelled = this.#spelled.get(key) ?? new Map<string, string>();
    const names = [...spelled].filter(([name]) => visible.get(name)).map(([, name]) => name);
    return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  #at(path: string): Rights {
    if (this.#uniform !== undefined) return this.#uniform;
    const cut = path.lastIndexOf("/");
    if (cut === -1) return this.#find(path);
    // Files come by the hundred in one folder, mostly one without rules.
    const folder = path.slice(0, cut);
    if (this.#last.folder !== folder) {
      this.#last = { folder, rights: this.#find(folder), hasRules: this.hasRulesBelow(folder) };
    }
    return this.#last.hasRules ? this.#find(path) : this.#last.rights;
  }

  /** Whether it is in the folder that was asked about last, and no rule begins there: it has the rights of that folder. */
  #isInPlainFolder(path: string): boolean {
    const { folder, hasRules } = this.#last;
    return (
      !hasRules &&
      folder !== "" &&
      path.lastIndexOf("/") === folder.length &&
      path.startsWith(folder)
    );
  }

  #find(path: string): Rights {
    return longest(this.#exact, path) & longest(this.#folded, fold(path));
  }

  /** @param key a folded path */
  #leadsOn(key: string): boolean {
    const children = this.#children.get(key)?.values() ?? [];
    return [...children].includes(true);
  }

  /** Notes the names on the way to a rule. */
  #note(path: string): void {
    for (let below = path; below !== ""; below = parentOf(below)) {
      const parent = fold(parentOf(below));
      const name = below.slice(below.lastIndexOf("/") + 1);
      const key = fold(name);
      const visible = this.#children.get(parent) ?? new Map<string, boolean>();
      const spelled = this.#spelled.get(parent) ?? new Map<string, string>();
      this.#children.set(parent, visible);
      this.#spelled.set(parent, spelled);
      const isSeen = this.#at(below) !== 0 || this.#at(path) !== 0;
      visible.set(key, visible.get(key) === true || isSeen);
      spelled.set(key, name);
    }
  }
}

function longest(rules: ReadonlyMap<string, Rights>, path: string): Rights {
  for (let folder = path; ; folder = parentOf(folder)) {
    const rights = rules.get(folder);
    if (rights !== undefined) return rights;
    if (folder === "") return 0;
  }
}

/** "" above names of the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

const ASCII = /^[\0-\x7f]*$/;

/** One spelling for all that a file system may take for the same name. */
function fold(path: string): string {
  if (ASCII.test(path)) return path.toLowerCase();
  return path
    .normalize("NFKD")
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, "")
    .toUpperCase()
    .toLowerCase();
}
