/**
 * Bookmarks: `--server NAME` stands for an address with the flags that belong to it, which a table [NAME] of
 * `~/.config/leat/client.toml` has. A flag that is typed counts more than the bookmark, and the bookmark more than
 * the environment, which is set for all servers.
 */
import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type Command, InvalidArgumentError, type Option } from "commander";
import { isSystemError } from "../../store/system/system-error.ts";
import { homeFolder } from "./local-names.ts";
import type { TomlFile } from "./toml-file.ts";

/** A name cannot be mistaken for an address with a port, a scheme or a path. */
const NAME = /^[a-z0-9][\w.-]*$/i;

/** Keys, which are flags. Of those in one line, one that is typed takes the place of all. */
const GROUPS = [
  ["server"],
  ["token-file", "user"],
  ["ca", "pin", "insecure"],
  ["tls-cert", "tls-key"],
  ["ssh"],
  ["remote-leat"],
  ["timeout"],
  ["limit-rate"],
] as const;
const KEYS: readonly string[] = GROUPS.flat();

/** Where the bookmarks of this user are. */
export function bookmarksFile(env: Readonly<Record<string, string | undefined>> = process.env) {
  const { XDG_CONFIG_HOME: config = "" } = env;
  // The XDG specification has relative paths ignored.
  return join(isAbsolute(config) ? config : join(homeFolder(), ".config"), "leat", "client.toml");
}

/** Takes over the bookmark that `--server` names, if there is one. @throws UsageError, PERMISSION_DENIED */
export async function takeBookmark(program: Command): Promise<void> {
  const name: string = program.getOptionValue("server");
  const source = program.getOptionValueSource("server");
  if (source === "default" || !NAME.test(name)) return;
  const path = bookmarksFile();
  if (isMissing(path)) return;
  const { TomlFile } = await import("./toml-file.ts");
  const file = new TomlFile(path, true);
  const bookmarks = await readAll(file, program);
  file.end();
  const values = bookmarks.get(name);
  if (values !== undefined) apply(program, values);
}

/** One that cannot be reached is not missing: its names would be taken for hosts, which then get the token. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (thrown) {
    return isSystemError(thrown, "ENOTDIR");
  }
}

/** Flags by the names of their values. */
type Bookmark = ReadonlyMap<Option, unknown>;

/** All are read, so that a mistake is found before it is needed. */
async function readAll(file: TomlFile, program: Command): Promise<Map<string, Bookmark>> {
  const { noSuchKey } = await import("./toml-file.ts");
  const bookmarks = new Map<string, Bookmark>();
  for (const [name, table] of Object.entries(file.values)) {
    file.check(name, () => {
      if (!NAME.test(name)) throw new InvalidArgumentError("It is no name for a bookmark.");
      if (typeof table !== "object" || table === null || Array.isArray(table)) {
        throw new InvalidArgumentError(`It stands in no bookmark, which begins with [NAME].`);
      }
      if (!("server" in table)) throw new InvalidArgumentError("It has no server.");
      const values = new Map<Option, unknown>();
      for (const [key, value] of Object.entries(table)) {
        file.check(key, () => values.set(...read(key, value)), name);
      }
      bookmarks.set(name, values);
    });
  }
  return bookmarks;

  function read(key: string, value: unknown): [Option, unknown] {
    const option = program.options.find((each) => each.name() === key);
    if (option === undefined || !KEYS.includes(key)) throw noSuchKey(key, KEYS);
    const isHome = typeof value === "string" && value.startsWith("~/");
    return [option, file.valueOf(option, isHome ? homeFolder() + value.slice(1) : value)];
  }
}

function apply(program: Command, values: Bookmark): void {
  for (const group of GROUPS) {
    const names: readonly string[] = group;
    const options = program.options.filter((option) => names.includes(option.name()));
    const isTyped = (option: Option): boolean =>
      program.getOptionValueSource(option.attributeName()) === "cli";
    const isServer = names.includes("server");
    if (!options.some((option) => values.has(option))) continue;
    if (!isServer && options.some(isTyped)) continue;
    for (const option of options) {
      program.setOptionValueWithSource(option.attributeName(), values.get(option), "config");
    }
  }
}
