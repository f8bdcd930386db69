/** The messages between a server and the processes or threads that serve for it. */
import { resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import type { ServerTls } from "../../net/tls-options.ts";
import type { Address } from "../../net/transport.ts";
import { type LogKind, SILENT, kindsOf } from "../log/log.ts";
import type { Counts } from "../metrics/counts.ts";
import type { Changed, ServerOptions } from "../options/options.ts";
import type { UserRecords } from "../users/users-file.ts";
import { type Inherited, inherited } from "../options/table.ts";

/** The part of a server that a child is. */
export interface ChildOptions extends Inherited {
  /** Absolute. */
  readonly library: string;
  readonly tls: ServerTls | undefined;
  /** In place of what the users file has now: it may be wrong, or not to be read yet. */
  readonly userRecords?: UserRecords | undefined;
  /** The kinds of lines that the server's log wants. */
  readonly logKinds: readonly LogKind[];
  /** Into how many parts the limits are divided: one is the child's. */
  readonly parts: number;
  /** The same for all children of a server. */
  readonly run: string;
}

/** The socket that a child serves. */
export type ChildSocket =
  | { readonly case: "listener"; readonly fd: number; readonly address: Address }
  | { readonly case: "client"; readonly fd: number; readonly peer: string };

export type ToChild =
  | { readonly case: "serve"; readonly socket: ChildSocket; readonly options: ChildOptions }
  /** Answered with `counts`. */
  | { readonly case: "count" }
  /** @property drain milliseconds in which open streams may finish */
  | { readonly case: "stop"; readonly drain: number }
  /** The users have changed, or options have, or what the server's log wants. */
  | {
      readonly case: "reload";
      readonly changed: Changed;
      readonly logKinds: readonly LogKind[];
    };

export interface LogLine {
  readonly kind: LogKind;
  readonly facts: object;
  readonly message: string;
}

export type FromChild =
  /** It runs, and waits for `serve`. */
  | { readonly case: "running" }
  /** It has the socket. */
  | { readonly case: "ready" }
  | { readonly case: "connections"; readonly connections: number }
  | { readonly case: "log"; readonly lines: readonly LogLine[] }
  /** The answer to `count`; sent at the end, too. */
  | { readonly case: "counts"; readonly counts: Counts }
  /** The last message. */
  | { readonly case: "done" };

/** A process or thread that serves for a server, as the server sees it. */
export interface Child {
  /** Which one it is, for logs. */
  readonly facts: object;
  /** The number of its socket in the child. */
  readonly fd: number;
  /** Does nothing once it has ended. */
  send(message: ToChild): void;
  /** Resolves when it has ended and nothing is left of it: with how, where it did not end as it should. */
  readonly ended: Promise<string | undefined>;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a child. @param fd its socket; the caller may close it when this returns */
export type StartChild = (fd: number, onMessage: (message: FromChild) => void) => Child;

/** @throws INVALID_ARGUMENT: a `Store` cannot be passed to another process or thread, a folder can */
export function childOptions(options: ServerOptions, parts: number): ChildOptions {
  const { library, store, tls, log = SILENT } = options;
  if (library === undefined || store !== undefined) {
    const message = "processes, threads and workers serve a library folder, not a store";
    throw new LeatError("INVALID_ARGUMENT", message);
  }
  const { users, ...rest } = inherited(options);
  const paths = { library: resolve(library), ...(users && { users: resolve(users) }) };
  return { ...rest, ...paths, tls, logKinds: kindsOf(log), parts, run: crypto.randomUUID() };
}
