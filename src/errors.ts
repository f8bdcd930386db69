/**
 * Every refusal of leat is a {@link LeatError} with a code of the closed list below: the `Code` enum
 * of proto/leat/v1/leat.proto, and an exit code of the command line for each (docs/cli.md).
 *
 * The rule for messages: one sentence that names the thing and has the numbers in it.
 */

/** The meaning of a code. */
export interface CodeFacts {
  /** Exit code of the command line: 10 to 39 final, 40 to 59 worth retrying. */
  readonly exit: number;
  /** Whether a peer may try again, unless the error says otherwise. */
  readonly retryable: boolean;
}

const final = (exit: number): CodeFacts => ({ exit, retryable: false });
const retry = (exit: number): CodeFacts => ({ exit, retryable: true });

/** The closed list of codes, with what each means for a command line and for a retry. */
export const CODES = {
  INTERNAL: final(1),
  INVALID_ARGUMENT: final(10),
  INVALID_NAME: final(11),
  NOT_FOUND: final(12),
  ALREADY_EXISTS: final(13),
  PERMISSION_DENIED: final(14),
  UNAUTHENTICATED: final(15),
  IS_A_DIRECTORY: final(16),
  NOT_A_DIRECTORY: final(17),
  DIRECTORY_NOT_EMPTY: final(18),
  NOT_A_REGULAR_FILE: final(19),
  UNIMPLEMENTED: final(20),
  PROTOCOL_ERROR: final(21),
  VERSION_UNSUPPORTED: final(22),
  TOO_LARGE: final(23),
  READ_ONLY: final(24),
  NO_SPACE: final(25),
  QUOTA_EXCEEDED: final(26),
  PRECONDITION_FAILED: final(27),
  SIZE_MISMATCH: final(28),
  FLOW_CONTROL: final(29),
  CROSS_DEVICE: final(30),
  OUTCOME_UNKNOWN: final(31),
  CANCELLED: final(32),
  UNAVAILABLE: retry(40),
  CONNECTION_LOST: retry(41),
  DEADLINE_EXCEEDED: retry(42),
  RESOURCE_EXHAUSTED: retry(43),
  CHANGED: retry(44),
  IO_ERROR: retry(45),
  CHECKSUM_MISMATCH: retry(46),
} as const satisfies Record<string, CodeFacts>;

/** A code of the list. */
export type ErrorCode = keyof typeof CODES;

/** Further parts of a refusal. */
export interface ErrorOptions {
  /** Kept for logs, never sent to a peer. */
  readonly cause?: unknown;
  /** Overrides what the code says. */
  readonly retryable?: boolean;
  /** Not before this many milliseconds. */
  readonly retryAfter?: number;
}

/** An error of leat: `code` says what kind, `message` is one sentence for a person. */
export class LeatError extends Error {
  override readonly name = "LeatError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** Milliseconds to wait before the next try, if the peer or the limit named a time. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? CODES[code].retryable;
    this.retryAfter = options.retryAfter;
  }

  /** Turns whatever was thrown into a LeatError; `doing` begins the sentence of an unknown one. */
  static from(thrown: unknown, doing = "something failed"): LeatError {
    if (thrown instanceof LeatError) return thrown;
    const system = fromSystem(thrown, doing);
    if (system !== undefined) return system;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new LeatError("INTERNAL", `${doing}: ${text}`, { cause: thrown });
  }
}

/** errno names of Linux and macOS, as Node and Bun report them in `error.code`. */
const SYSTEM: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ["NOT_FOUND", "there is no such file or folder"],
  EEXIST: ["ALREADY_EXISTS", "it exists already"],
  EACCES: ["PERMISSION_DENIED", "permission denied by the file system"],
  EPERM: ["PERMISSION_DENIED", "the operation is not permitted"],
  EISDIR: ["IS_A_DIRECTORY", "it is a folder"],
  ENOTDIR: ["NOT_A_DIRECTORY", "it is not a folder"],
  ENOTEMPTY: ["DIRECTORY_NOT_EMPTY", "the folder is not empty"],
  EXDEV: ["CROSS_DEVICE", "it is on another file system"],
  ELOOP: ["PERMISSION_DENIED", "too many links, or a link where none is followed"],
  ENAMETOOLONG: ["INVALID_NAME", "the name is too long for the file system"],
  EROFS: ["READ_ONLY", "the file system is read-only"],
  ENOSPC: ["NO_SPACE", "no space is left on the disk"],
  EDQUOT: ["QUOTA_EXCEEDED", "the disk quota is used up"],
  EFBIG: ["TOO_LARGE", "the file is too large for the file system"],
  EIO: ["IO_ERROR", "the disk reported an input or output error"],
  ESTALE: ["IO_ERROR", "the file system no longer knows the open file (a stale handle)"],
  ENOTCONN: ["IO_ERROR", "what serves the file system has gone"],
  ENODEV: ["IO_ERROR", "the device is gone"],
  ENXIO: ["IO_ERROR", "the device is gone"],
  EMLINK: ["NO_SPACE", "the folder has as many links as the file system takes"],
  EBUSY: ["UNAVAILABLE", "the system is using it, as a mount point for example"],
  EINTR: ["UNAVAILABLE", "a signal interrupted the call"],
  EAGAIN: ["UNAVAILABLE", "the system has no room for the call at the moment"],
  ENOMEM: ["RESOURCE_EXHAUSTED", "the system has no memory left"],
  ENOLCK: ["RESOURCE_EXHAUSTED", "the file system has no locks left"],
  EINVAL: ["INVALID_ARGUMENT", "the file system does not accept this name or value"],
  EOPNOTSUPP: ["UNIMPLEMENTED", "the file system cannot do this"],
  ENOTSUP: ["UNIMPLEMENTED", "the file system cannot do this"],
  ENOSYS: ["UNIMPLEMENTED", "the system cannot do this"],
  EMFILE: ["RESOURCE_EXHAUSTED", "too many files are open in this process"],
  ENFILE: ["RESOURCE_EXHAUSTED", "too many files are open in the system"],
  ECONNREFUSED: ["UNAVAILABLE", "the connection was refused; is the server running there?"],
  EHOSTUNREACH: ["UNAVAILABLE", "the host is not reachable"],
  ENETUNREACH: ["UNAVAILABLE", "the network is not reachable"],
  ENOTFOUND: ["UNAVAILABLE", "the host name is not known"],
  ETIMEDOUT: ["UNAVAILABLE", "the connection timed out"],
  ECONNRESET: ["CONNECTION_LOST", "the peer reset the connection"],
  EPIPE: ["CONNECTION_LOST", "the peer closed the connection"],
};

function fromSystem(thrown: unknown, doing: string): LeatError | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  const known = typeof thrown.code === "string" ? SYSTEM[thrown.code] : undefined;
  if (known === undefined) return undefined;
  return new LeatError(known[0], `${doing}: ${known[1]}`, { cause: thrown });
}
