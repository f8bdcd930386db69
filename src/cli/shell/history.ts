/** The lines of earlier shells, in a file that only their user can read. Errors of that file are ignored. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { KiB } from "../../limits.ts";
import { homeFolder } from "../program/local-names.ts";

/** Lines that are remembered. */
export const REMEMBERED = 1_000;

/** Bytes of a line; longer ones are not remembered. */
const LONGEST = 4 * KiB;

/** Bytes of the file above which a new shell rewrites it with the last lines. */
const FULL = 1024 * KiB;

export class History {
  readonly #path: string;

  constructor(env: Readonly<Record<string, string | undefined>> = process.env) {
    const { XDG_STATE_HOME: state = "" } = env;
    // The XDG specification has relative paths ignored.
    const folder = isAbsolute(state) ? state : join(homeFolder(), ".local", "state");
    this.#path = join(folder, "leat", "history");
  }

  /** The last lines, the newest first. */
  read(): string[] {
    try {
      chmodSync(this.#path, 0o600);
      const text = readFileSync(this.#path, "utf8");
      const lines = text.split("\n").filter((line) => line !== "");
      const last = lines.slice(-REMEMBERED);
      if (lines.length > 2 * REMEMBERED || text.length > FULL) this.#rewrite(last);
      return last.toReversed();
    } catch {
      return [];
    }
  }

  /** As in other shells, a line that begins with a space is not remembered. */
  add(line: string): void {
    if (line.trim() === "" || line.startsWith(" ") || line.length > LONGEST) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      // Several shells may write: each line is appended by one call.
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
    } catch {
      // The line is forgotten.
    }
  }

  #rewrite(lines: readonly string[]): void {
    const next = `${this.#path}.${process.pid}`;
    writeFileSync(next, `${lines.join("\n")}\n`, { mode: 0o600 });
    chmodSync(next, 0o600);
    renameSync(next, this.#path);
  }
}
