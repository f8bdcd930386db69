/**
 * The configuration file of `leat server`: TOML whose keys are the names of the flags, without their dashes,
 * and `library`. A flag that is typed, or set in the environment, counts more than the file.
 */
import type { Command, Option } from "commander";
import { TomlFile, noSuchKey, textOf } from "../program/toml-file.ts";
import { FROM_FILE } from "./flags.ts";

/** Flags that make no sense in a file. */
const NOT_IN_FILES: ReadonlySet<string> = new Set(["config", "stdio", "help", "version"]);

/**
 * Sets the flags that were neither typed nor set in the environment.
 * @returns the library that the file names, absolute
 * @throws UsageError with one line for each fault of the file
 */
export function takeConfigFile(program: Command, path: string): string | undefined {
  const file = new TomlFile(path);
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
      if (option === undefined) throw noSuchKey(key, ["library", ...options.keys()]);
      const read = file.valueOf(option, value);
      const source = program.getOptionValueSource(option.attributeName());
      if (source !== undefined && source !== "default") return;
      program.setOptionValueWithSource(option.attributeName(), read, FROM_FILE);
    });
  }
  file.end();
  return library;
}

function isInFiles([name]: readonly [string, Option]): boolean {
  return !NOT_IN_FILES.has(name);
}
