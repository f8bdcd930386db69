/** Prints failures, one line each, and remembers their exit codes. */
import { CommanderError } from "commander";
import { DEFAULT_HOST, DEFAULT_PORT } from "../../client/connection/address.ts";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import { usageMessage } from "./arguments.ts";
import { Faults, UsageError, combine, exitCodeOf } from "./exit-codes.ts";
import { isConnecting } from "./connection.ts";
import type { Output } from "../terminal/output.ts";
import { printable } from "../terminal/terminal-text.ts";

/** A failure on this machine, and not at the server. */
export class LocalError extends LeatError {
  constructor(thrown: unknown) {
    const { code, message, retryable } = LeatError.from(thrown);
    super(code, message, { cause: thrown, retryable });
  }
}

/** Advice for a person, by command and code. */
const HINTS: Readonly<Record<string, Partial<Record<ErrorCode, string>>>> = {
  get: {
    NOT_FOUND: "list shows what there is",
    IS_A_DIRECTORY: "-r fetches folders",
    CHANGED: "try again",
    ALREADY_EXISTS: "--if-exists replace writes over it",
  },
  upload: {
    ALREADY_EXISTS: "--if-exists replace writes over it",
    IS_A_DIRECTORY: "-r sends folders",
    NOT_A_REGULAR_FILE: "upload - sends standard input",
  },
  sync: { PRECONDITION_FAILED: "a larger --max-delete allows it" },
  "name in sync": {
    NOT_A_DIRECTORY: "--delete replaces it",
    IS_A_DIRECTORY: "--delete replaces it",
    NOT_A_REGULAR_FILE: "--delete replaces it",
  },
  "local get": {
    ALREADY_EXISTS: "--if-exists replace writes over it",
    IS_A_DIRECTORY: "--to names another place",
  },
  rename: { ALREADY_EXISTS: "--if-exists replace writes over it" },
  mkdir: { NOT_FOUND: "-p makes the folders above it, too" },
  remove: { DIRECTORY_NOT_EMPTY: "-r also removes what is in it" },
};

/** By the ends of the messages of failures to connect. */
const CONNECTING_HINTS = [
  ["certificate, and the client has none", "--tls-cert and --tls-key name it"],
  ["asks for a token", "--token-file or LEAT_TOKEN has it"],
  ["it can be pinned", "--pin does that"],
] as const;

/** Characters of a message about wrong arguments; its middle is left out. */
const LONGEST = 600;

export class Failures {
  readonly #output: Output;
  /** The words that follow wrong arguments: where to read more. */
  readonly #help: (command: string) => string;
  readonly #codes: number[] = [];

  constructor(output: Output, help: (command: string) => string) {
    this.#output = output;
    this.#help = help;
  }

  /** Of all failures; 0 without any. */
  get exitCode(): number {
    return combine(this.#codes);
  }

  /**
   * @param command "" when it is about none
   * @param subject the name that failed: printed unless the message has it
   */
  report(command: string, error: unknown, subject?: string): void {
    this.#codes.push(exitCodeOf(error));
    this.#output.say(this.#sentence(command, error, subject));
  }

  #sentence(command: string, error: unknown, subject: string | undefined): string {
    const start = command === "" ? "leat: " : `leat: ${command}: `;
    if (error instanceof CommanderError) {
      return `${start}${printable(shortened(usageMessage(error)))}; ${this.#help(command)}`;
    }
    if (error instanceof UsageError) {
      const lines = error instanceof Faults ? error.lines : [error.message];
      return lines.map((line) => start + printable(shortened(line))).join("\n");
    }
    const { code, message, retryAfter } = LeatError.from(error);
    const isConnected = !isConnecting(error);
    const isNamed =
      !isConnected ||
      subject === undefined ||
      [subject, quote(subject)].some((name) => message.includes(name));
    const about = isNamed ? "" : `${shortened(subject)}: `;
    const place = placeOf(command, isLocal(error, message), subject !== undefined);
    const hint =
      (isConnected ? HINTS[place]?.[code] : connectingHint(message, subject)) ??
      (/\bagain\b/.test(message) ? undefined : waiting(retryAfter));
    const end = hint === undefined ? "" : `; ${hint}`;
    return `${start}${printable(about + message)} (${code})${end}`;
  }
}

/** Arguments may have any length: long ones are not printed whole. */
function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  const half = LONGEST / 2;
  return `${text.slice(0, half).toWellFormed()}…${text.slice(-half).toWellFormed()}`;
}

/** Where the hints for a failure are. SOURCE and TARGET of a sync, and all of it, have no subject. */
function placeOf(command: string, isLocal: boolean, hasSubject: boolean): string {
  if (isLocal) return `local ${command}`;
  return command === "sync" && hasSubject ? "name in sync" : command;
}

/** A name in a library never begins with a slash. */
function isLocal(error: unknown, message: string): boolean {
  return error instanceof LocalError || message.includes(' "/');
}

function connectingHint(message: string, subject = ""): string | undefined {
  // Typed as for rsync, where no server was named.
  if (/^[^/:]+:/.test(subject) && message.includes(` ${DEFAULT_HOST}:${DEFAULT_PORT}:`)) {
    return "only get, upload and sync take HOST:PATH: here --server names the host";
  }
  return CONNECTING_HINTS.find(([end]) => message.endsWith(end))?.[1];
}

function waiting(milliseconds: number | undefined): string | undefined {
  if (milliseconds === undefined) return undefined;
  return `try again in ${Math.ceil(milliseconds / 1000)} s`;
}
