/** Connects by ssh: starts it, and says in one sentence why it could not connect. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { PROGRAM_LINE, PROGRAM_LINES, PROGRAM_NOTICE } from "../../limits.ts";
import { type OnLine, Program, type ProgramEnd } from "../../net/program.ts";
import type { Accept, TransportHandler } from "../../net/transport.ts";
import { type SshAddress, sshWords } from "./ssh-address.ts";

/** How ssh is started for an address like `ssh://HOST/PATH`. */
export interface SshOptions {
  /** The program and its own arguments: `["ssh"]` unless given. No shell of this machine reads them. */
  readonly command?: readonly string[];
  /** The program on the other machine, as the shell there reads it: `leat` unless given. */
  readonly remoteLeat?: string;
  /**
   * Called with each line that ssh, or the other machine, writes to stderr. Where it returns a promise, no
   * more is read until that resolves. When it throws, it is not called again.
   */
  readonly onLine?: (line: string) => void | Promise<void>;
}

/**
 * @param accept gets the transport
 * @param accepted makes the promise that resolves when the server has accepted the connection
 * @param signal ends ssh until the server has accepted the connection
 * @returns ends ssh, once the connection has ended
 * @throws UNAVAILABLE, UNAUTHENTICATED, UNIMPLEMENTED (no ssh here, or no leat there), INVALID_ARGUMENT (no such
 *   folder), VERSION_UNSUPPORTED, PROTOCOL_ERROR; what `accepted` throws
 */
export async function connectSsh(
  address: SshAddress,
  options: SshOptions,
  accept: Accept,
  accepted: () => Promise<void>,
  signal: AbortSignal,
): Promise<Disposable> {
  const { command = ["ssh"], remoteLeat = "leat" } = options;
  const lines = new Lines(options.onLine);
  const words = sshWords(address, command, remoteLeat);
  const onLine: OnLine = (line) => lines.add(line);
  let first: FirstBytes | undefined;
  const program = await Program.start(words, {
    peer: address.ssh,
    accept: (transport) => (first = new FirstBytes(accept(transport))),
    onLine,
  });
  try {
    await accepted();
    lines.pass();
    return program;
  } catch (thrown) {
    const end = signal.aborted
      ? undefined
      : await Promise.race([program.ended, sleep(PROGRAM_NOTICE, undefined, { ref: false })]);
    program[Symbol.dispose]();
    const error = LeatError.from(thrown);
    const reason =
      error.code === "PROTOCOL_ERROR"
        ? noise(error, address.host, first?.line ?? "")
        : reasonOf(error, end, address.host, lines.takeLast());
    lines.pass();
    throw reason;
  }
}

/** Lines of stderr. The first are kept for a moment: if no connection comes of them, the last may be the reason. */
class Lines {
  readonly #onLine: OnLine;
  #waiting: string[] | undefined = [];
  #last = "";

  constructor(onLine: OnLine = () => {}) {
    this.#onLine = onLine;
  }

  add(line: string): void | Promise<void> {
    this.#last = line;
    if (this.#waiting === undefined) return this.#onLine(line);
    this.#waiting.push(line);
    // What asks for something has to be seen.
    if (this.#waiting.length === 1) setTimeout(() => this.pass(), PROGRAM_NOTICE).unref();
    if (this.#waiting.length >= PROGRAM_LINES) this.pass();
  }

  /** From now on they are passed on at once. */
  pass(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const line of waiting) void Promise.try(this.#onLine, line).catch(() => {});
  }

  /** The last one, which is then not passed on unless it has been. */
  takeLast(): string {
    this.#waiting?.pop();
    return this.#last;
  }
}

/** Passes everything on, and keeps the first bytes: text, where a login prints something. */
class FirstBytes implements TransportHandler {
  readonly #handler: TransportHandler;
  #bytes: Uint8Array | undefined;

  constructor(handler: TransportHandler) {
    this.#handler = handler;
  }

  /** Their first line. */
  get line(): string {
    return new TextDecoder()
      .decode(this.#bytes)
      .trimStart()
      .split(/[\r\n]/)[0]!;
  }

  onData(chunk: Uint8Array): void {
    this.#bytes ??= chunk.slice(0, PROGRAM_LINE);
    this.#handler.onData(chunk);
  }

  onDrain(): void {
    this.#handler.onDrain();
  }

  onEnd(): void {
    this.#handler.onEnd();
  }

  onClose(error: Error | undefined): void {
    this.#handler.onClose(error);
  }
}

/** @param line the first one that came in the place of frames */
function noise(cause: LeatError, host: string, line: string): LeatError {
  const message =
    `the login on ${host} prints ${JSON.stringify(line)} before leat answers: its start files, such as ` +
    ".bashrc, may print nothing where no terminal is";
  return new LeatError("PROTOCOL_ERROR", message, { cause, retryable: false });
}

/** The exit code of ssh itself, and those of a shell that finds no program, or cannot run it. */
const SSH_FAILED = 255;
const NO_PROGRAM = 127;
const CANNOT_RUN = 126;

/** Exit codes of leat after which the same command would fail again (docs/cli.md). */
const USAGE = 2;
const FINAL = { least: 10, most: 39 };

const REFUSED = /permission denied|host key verification failed|too many authentication failures/i;

/** @param end missing: ssh still runs @param line the last one of stderr */
function reasonOf(error: LeatError, end: ProgramEnd | void, host: string, line: string): LeatError {
  const code = end?.code;
  // The server has said why, or ssh was ended.
  if (code === undefined || code === 0) return error;
  const saying = line === "" ? "" : `: ${line}`;
  const reason = (kind: ErrorCode, message: string): LeatError =>
    new LeatError(kind, message, { cause: error });
  if (code === SSH_FAILED) {
    return REFUSED.test(line)
      ? reason("UNAUTHENTICATED", `ssh to ${host} is refused${saying}`)
      : reason("UNAVAILABLE", `ssh cannot connect to ${host}${saying}`);
  }
  if (code === NO_PROGRAM || code === CANNOT_RUN) {
    const message = `${host} has no leat that the shell there could start${saying}; --remote-leat names another program`;
    return reason("UNIMPLEMENTED", message);
  }
  if (/unknown option '?--stdio/.test(line)) {
    const message = `the leat on ${host} is an older one, which cannot be reached by ssh: update it there`;
    return reason("VERSION_UNSUPPORTED", message);
  }
  const isFinal = code === USAGE || (code >= FINAL.least && code <= FINAL.most);
  const message = `leat did not start on ${host}, exit code ${code}${saying}`;
  return reason(isFinal ? "INVALID_ARGUMENT" : "UNAVAILABLE", message);
}
