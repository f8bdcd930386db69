/**
 * The configuration file of `leat server`: TOML whose keys are the names of the flags, without their dashes,
 * and `library`. A flag that is typed, or set in the environment, counts more than the file.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Command, InvalidArgumentError, type Option } from "commander";
import { TomlError, parse } from "smol-toml";
import { LeatError } from "../../errors.ts";
import { CONFIG_FILE } from "../../limits.ts";
import { readSwitch } from "../program/arguments.ts";
import { UsageError } from "../program/exit-codes.ts";
import { nearest } from "../program/nearest.ts";
import { FROM_FILE } from "./flags.ts";
import { printable } from "../terminal/terminal-text.ts";

/** Flags that make no sense in a file. */
const NOT_IN_FILES: ReadonlySet<string> = new Set(["config", "stdio", "help", "version"]);

/** A value that is the name of a file or a folder, which may be relative to the file that it stands in. */
const IS_PATH = /<(PATH|FILE|FOLDER)>/;

/**
 * Sets the flags that were neither typed nor set in the environment.
 * @returns the library that the file names, absolute
 * @throws UsageError with one line for each fault of the file
 */
export function takeConfigFile(program: Command, path: string): string | undefined {
  const file = new ConfigFile(path);
  const options = new Map(
    program.options.map((option) => [option.name(), option] as const).filter(isInFiles),
  );
  let library: string | undefined;
  for (const [key, value] of Object.entries(file.values)) {
    file.check(key, () => {
      if (key === "library") {
        library = file.path(textOf(value));
        return;
      }
      const option = options.get(key);
      if (option === undefined) throw new InvalidArgumentError(unknown(key, [...options.keys()]));
      const read = valueOf(option, value);
      const source = program.getOptionValueSource(option.attributeName());
      if (source !== undefined && source !== "default") return;
      const isPath = IS_PATH.test(option.flags) && typeof read === "string";
      const settled = isPath ? file.path(read) : read;
      program.setOptionValueWithSource(option.attributeName(), settled, FROM_FILE);
    });
  }
  file.end();
  return library;
}

class ConfigFile {
  readonly values: Readonly<Record<string, unknown>>;
  readonly #name: string;
  readonly #text: string;
  readonly #faults: string[] = [];

  constructor(name: string) {
    this.#name = name;
    this.#text = read(name);
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

  /** Runs `take`, whose errors are faults of this key. */
  check(key: string, take: () => void): void {
    try {
      take();
    } catch (thrown) {
      if (!(thrown instanceof InvalidArgumentError)) throw thrown;
      const where = `${printable(this.#name)}:${this.#lineOf(key)}`;
      this.#faults.push(`${where}: ${printable(key)}: ${thrown.message}`);
    }
  }

  /** @throws UsageError: there were faults */
  end(): void {
    if (this.#faults.length > 0) throw new UsageError(this.#faults.join("\n"));
  }

  #lineOf(key: string): number {
    const lines = this.#text.split("\n");
    const index = lines.findIndex((line) => {
      const start = line.replace(/^\s*\[?\s*["']?/, "");
      return start.startsWith(key) && /^["']?\s*([=.\]]|$)/.test(start.slice(key.length));
    });
    return Math.max(0, index) + 1;
  }
}

/** @throws UsageError */
function read(name: string): string {
  const failure = `cannot read ${printable(name)}`;
  try {
    const { size } = statSync(name);
    if (size <= CONFIG_FILE) return readFileSync(name, "utf8");
    throw new UsageError(`${failure}: it has ${size} bytes, and may have ${CONFIG_FILE}`);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(LeatError.from(thrown, failure).message);
  }
}

function isInFiles([name]: readonly [string, Option]): boolean {
  return !NOT_IN_FILES.has(name);
}

function unknown(key: string, names: readonly string[]): string {
  const meant = nearest(key, ["library", ...names]);
  return meant === undefined ? "There is no such key." : `There is no such key; ${meant}?`;
}

/** A value is read as the flag reads its text. @throws InvalidArgumentError */
function valueOf(option: Option, value: unknown): unknown {
  if (option.isBoolean()) return typeof value === "boolean" ? value : readSwitch(textOf(value));
  const text = textOf(value);
  return option.parseArg === undefined ? text : option.parseArg(text, undefined);
}

/** @throws InvalidArgumentError: it is a list, a table or a date */
function textOf(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new InvalidArgumentError("It should be a text, a number, or true or false.");
}
