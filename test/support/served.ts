/**
 * The way of serving that the tests run against: `LEAT_TEST_MODEL` names a model or `workers`, and
 * is the event loop unless given. `bun run test:models` runs the server's tests once for each.
 */
import { test } from "bun:test";
import { createServer, type Server, type ServerOptions } from "../../src/index.ts";
import type { KernelCopyMode } from "../../src/server/options/options.ts";
import { OPTIONS } from "../../src/server/options/table.ts";
import { noteServer, TEST_TLS } from "./tls.ts";
import { homeOf } from "../../src/server/host/user-stores.ts";
import { TemporaryFolder } from "./folder.ts";
import { createUsers } from "./users.ts";

const [MODELS, KERNEL_COPIES] = [OPTIONS.model.choices, OPTIONS.kernelCopy.choices];

export const WAYS = [...MODELS, "workers"] as const;

export type Way = (typeof WAYS)[number];

/** How many, where workers serve. */
export const WORKERS = 2;

/** Another process or thread serves: what a test keeps in its memory is not there. */
export const ELSEWHERE: readonly Way[] = ["processes", "threads", "workers"];

export const WAY: Way = wayOf(process.env["LEAT_TEST_MODEL"] ?? "event-loop");

function wayOf(name: string): Way {
  const way = WAYS.find((known) => known === name);
  if (way === undefined) throw new Error(`LEAT_TEST_MODEL is ${name}, none of ${WAYS.join(", ")}`);
  return way;
}

/** `LEAT_KERNEL_COPY`, which `leat server` reads as well: how files leave. */
export const KERNEL_COPY: KernelCopyMode = copyOf(process.env["LEAT_KERNEL_COPY"] ?? "auto");

function copyOf(name: string): KernelCopyMode {
  const mode = KERNEL_COPIES.find((known) => known === name);
  if (mode === undefined) {
    throw new Error(`LEAT_KERNEL_COPY is ${name}, none of ${KERNEL_COPIES.join(", ")}`);
  }
  return mode;
}

/** What makes a server serve in a way. */
export function optionsOf(way: Way): Partial<ServerOptions> {
  return way === "workers" ? { workers: WORKERS } : { model: way };
}

/** The same as flags of `leat server`. */
export function flagsOf(way: Way): string[] {
  return way === "workers" ? ["--workers", `${WORKERS}`] : ["--model", way];
}

/**
 * With `LEAT_TEST_USERS=1` servers of a folder have a user `anonymous`, who may do everything: clients without
 * credentials are that user, and are served from the user's own store.
 */
const USERS = process.env["LEAT_TEST_USERS"] === "1" ? createAnonymous() : undefined;

function createAnonymous(): string {
  const folder = new TemporaryFolder();
  process.on("exit", () => folder[Symbol.dispose]());
  return createUsers(folder, { anonymous: {} }).path;
}

/** A server that serves in the way the tests run against. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { store, maxOpenFiles } = options;
  // A certificate names another user, and the store of a user takes files, of which there may be few.
  const isOpen = options.tls?.clientCa === undefined;
  const isFor = store === undefined && isOpen && maxOpenFiles === undefined;
  const users = USERS !== undefined && isFor ? { users: USERS } : {};
  const tls = options.unix === undefined && TEST_TLS !== undefined ? { tls: TEST_TLS } : {};
  const own = { ...optionsOf(WAY), kernelCopy: KERNEL_COPY, ...users, ...tls };
  const server = await createServer({ ...own, ...options });
  noteServer(server.address);
  return server;
}

/** The folder in a library in which a server of `startServer` keeps unfinished uploads. */
export const PARTIALS =
  USERS === undefined ? ".leat/partial" : `.leat/users/${homeOf("anonymous")}/partial`;

/** `test`, of something that these ways cannot do: there it is skipped, and says why in its name. */
export function testExcept(ways: readonly Way[], why: string): typeof test {
  if (!ways.includes(WAY)) return test;
  const skip = (name: string, run: () => Promise<void>): void =>
    test.skip(`${name} [not with ${ways.join(", ")}: ${why}]`, run);
  return skip as typeof test;
}

/** `test`, of something that cannot be done with TLS: there it is skipped, and says why in its name. */
export function testPlain(why: string, plain: typeof test = test): typeof test {
  if (TEST_TLS === undefined) return plain;
  const skip = (name: string, run: () => Promise<void>): void =>
    test.skip(`${name} [not with TLS: ${why}]`, run);
  return skip as typeof test;
}

/** Runs may take minutes: with more clients, and more often. */
export const LONG = process.env["LEAT_TEST_LONG"] === "1";
