/** A TOML file of settings: where it is wrong, each fault is told with its line. */
import { fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { InvalidArgumentError, type Option } from "commander";
import { TomlError, parse } from "smol-toml";
import { LeatError } from "../../errors.ts";
import { CONFIG_FILE } from "../../limits.ts";
import { Descriptor } from "../../store/system/descriptor.ts";
import { printable } from "../terminal/terminal-text.ts";
import { readSwitch } from "./arguments.ts";
import { Faults, UsageError } from "./exit-codes.ts";
import { nearest } from "./nearest.ts";

/** Writable by others than the owner. */
const OTHERS_WRITE = 0o022;

/** A value that is the name of a file or a folder, which may be relative to the file that it stands in. */
const IS_PATH = /<(PATH|FILE|FOLDER)>/;

export class TomlFile {
  readonly values: Readonly<Record<string, unknown>>;
  readonly #name: string;
  readonly #text: string;
  readonly #faults: string[] = [];

  /** @param isTrusted whether it is refused where other users can change it @throws UsageError, PERMISSION_DENIED */
  constructor(name: string, isTrusted = false) {
    this.#name = name;
    this.#text = read(name, isTrusted);
    try {
      this.values = parse(this.#text);
    } catch (thrown) {
      if (!(thrown instanceof TomlError)) throw thrown;
      const { line, column, message } = thrown;
      const reason = message.split("\n", 1)[0]!.replace(/^Invalid TOML document: /, "");
      throw new UsageError(`${printable(name)}:${line}:${column}: this is no TOML: ${reason}`);
    }
  }

  /** @returns absolute: a path of the file is relative to its folder */
  path(text: string): string {
    return resolve(dirname(this.#name), text);
  }

  /** The value of an option, as its flag reads its text. @throws InvalidArgumentError */
  valueOf(option: Option, value: unknown): unknown {
    if (option.isBoolean()) return typeof value === "boolean" ? value : readSwitch(textOf(value));
    const text = textOf(value);
    if (option.parseArg !== undefined) return option.parseArg(text, undefined);
    return IS_PATH.test(option.flags) ? this.path(text) : text;
  }

  /** Runs `take`, whose errors are faults of this key. @param table the one that the key stands in */
  check(key: string, take: () => void, table?: string): void {
    try {
      take();
    } catch (thrown) {
      if (!(thrown instanceof InvalidArgumentError)) throw thrown;
      const where = `${printable(this.#name)}:${this.#lineOf(key, table)}`;
      this.#faults.push(`${where}: ${printable(key)}: ${thrown.message}`);
    }
  }

  /** @throws UsageError: there were faults */
  end(): void {
    if (this.#faults.length > 0) throw new Faults(this.#faults);
  }

  #lineOf(key: string, table: string | undefined): number {
    const lines = this.#text.split("\n");
    const from = table === undefined ? 0 : Math.max(0, lines.findIndex(begins(table)));
    const index = lines.findIndex((line, at) => at >= from && begins(key)(line));
    return Math.max(from, index) + 1;
  }
}

/** Whether a line sets this key, or begins this table. */
const begins =
  (key: string) =>
  (line: string): boolean => {
    const start = line.replace(/^\s*\[?\s*["']?/, "");
    return start.startsWith(key) && /^["']?\s*([=.\]]|$)/.test(start.slice(key.length));
  };

/** @throws UsageError, PERMISSION_DENIED */
function read(name: string, isTrusted: boolean): string {
  const failure = `cannot read ${printable(name)}`;
  try {
    using file = new Descriptor(openSync(name, "r"));
    const { size, mode, uid } = fstatSync(file.fd);
    const isOwn = uid === 0 || uid === process.getuid?.();
    if (isTrusted && (!isOwn || (mode & OTHERS_WRITE) !== 0)) {
      const why = isOwn ? "chmod go-w it" : "it belongs to another user";
      const message = `other users of this machine can change ${printable(name)}: ${why}`;
      throw new LeatError("PERMISSION_DENIED", message);
    }
    if (size <= CONFIG_FILE) return readFileSync(file.fd, "utf8");
    throw new UsageError(`${failure}: it has ${size} bytes, and may have ${CONFIG_FILE}`);
  } catch (thrown) {
    if (thrown instanceof UsageError || thrown instanceof LeatError) throw thrown;
    throw new UsageError(LeatError.from(thrown, failure).message);
  }
}

/** For a key that no option has. */
export function noSuchKey(key: string, names: readonly string[]): InvalidArgumentError {
  const meant = nearest(key, names);
  const guess = meant === undefined ? "." : `; ${meant}?`;
  return new InvalidArgumentError(`There is no such key${guess}`);
}

/** @throws InvalidArgumentError: it is a list, a table or a date */
export function textOf(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new InvalidArgumentError("It should be a text, a number, or true or false.");
}
