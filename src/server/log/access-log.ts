/**
 * One line for each transfer and each change: its client, its path, bytes, milliseconds and outcome.
 * Requests that only read facts have theirs at `debug`.
 */
import type { ErrorCode, LeatError } from "../../errors.ts";
import type { Operation } from "../../session/event.ts";
import { type Log, isLogged } from "./log.ts";

/** They change what is in the library. */
const CHANGES: ReadonlySet<Operation["case"]> = new Set([
  "put",
  "putTree",
  "remove",
  "rename",
  "makeDirectory",
  "makeLink",
  "setAttributes",
]);

const AT_INFO: ReadonlySet<Operation["case"]> = new Set([...CHANGES, "get", "walk"]);

const MOVING: ReadonlySet<Operation["case"]> = new Set(["get", "put", "walk", "putTree"]);

/** Parts of a tree that came or went on one stream have lines as if each had a stream of its own. */
type Logged =
  | Operation
  | {
      readonly case: "get" | "put" | "makeDirectory";
      readonly value: { readonly path: string };
    };

interface Access {
  readonly peer: string;
  /** Missing where the server has no users. */
  readonly user?: string | undefined;
  readonly operation: Logged;
  /** Payload bytes, in either direction. */
  readonly bytes: number;
  /** When it began, by `performance.now()`. */
  readonly began: number;
  readonly skipped: boolean;
  readonly error: LeatError | undefined;
}

export class AccessLog {
  readonly #log: Log;
  #info = false;
  #debug = false;
  #audit = false;

  constructor(log: Log) {
    this.#log = log;
    this.refresh();
  }

  /** The log may want other levels now. */
  refresh(): void {
    this.#info = isLogged(this.#log, "info");
    this.#debug = isLogged(this.#log, "debug");
    this.#audit = isLogged(this.#log, "audit");
  }

  /** Whether this operation gets a line; if not, it need not be measured. */
  wants({ case: name }: Pick<Operation, "case">): boolean {
    return this.#audit || this.#wantsLine(name);
  }

  #wantsLine(name: Operation["case"]): boolean {
    return AT_INFO.has(name) ? this.#info : this.#debug;
  }

  write(access: Access): void {
    const { peer, user, operation, bytes, began, skipped, error } = access;
    const isAudited = this.#audit && isForAudit(operation.case, error);
    const hasLine = this.#wantsLine(operation.case);
    if (!isAudited && !hasLine) return;
    const facts: Record<string, unknown> = { peer };
    if (user !== undefined) facts.user = user;
    const { value } = operation;
    if ("path" in value) facts.path = value.path;
    if ("from" in value) Object.assign(facts, { path: value.from, to: value.to });
    if (MOVING.has(operation.case)) facts.bytes = bytes;
    facts.ms = Math.round((performance.now() - began) * 10) / 10;
    if (error === undefined) facts.outcome = skipped ? "skipped" : "done";
    else Object.assign(facts, { outcome: "failed", code: error.code, why: error.message });
    if (isAudited) this.#log.audit?.(facts, operation.case);
    if (hasLine) this.#log[AT_INFO.has(operation.case) ? "info" : "debug"](facts, operation.case);
  }
}

/** A change, tried or done, or a request that was not permitted. */
function isForAudit(name: Operation["case"], error: LeatError | undefined): boolean {
  return CHANGES.has(name) || (error !== undefined && NOT_PERMITTED.has(error.code));
}

const NOT_PERMITTED: ReadonlySet<ErrorCode> = new Set([
  "PERMISSION_DENIED",
  "READ_ONLY",
  "QUOTA_EXCEEDED",
]);
