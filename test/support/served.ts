/** Servers that serve in the way the tests run against. */
import { createServer, type Server, type ServerOptions } from "../../src/index.ts";
import type { KernelCopyMode } from "../../src/server/options/options.ts";
import { OPTIONS } from "../../src/server/options/table.ts";
import { homeOf } from "../../src/server/host/user-stores.ts";
import { noteServer, TEST_TLS } from "./tls.ts";
import { optionsOf, USERS_FILE, WAY } from "./ways.ts";

const KERNEL_COPIES = OPTIONS.kernelCopy.choices;

/** `LEAT_KERNEL_COPY`, which `leat server` reads as well: how files leave. */
export const KERNEL_COPY: KernelCopyMode = copyOf(process.env["LEAT_KERNEL_COPY"] ?? "auto");

function copyOf(name: string): KernelCopyMode {
  const mode = KERNEL_COPIES.find((known) => known === name);
  if (mode === undefined) {
    throw new Error(`LEAT_KERNEL_COPY is ${name}, none of ${KERNEL_COPIES.join(", ")}`);
  }
  return mode;
}

/** A server that serves in the way the tests run against. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { store, maxOpenFiles } = options;
  // A certificate names another user, and the store of a user takes files, of which there may be few.
  const isOpen = options.tls?.clientCa === undefined;
  const isFor = store === undefined && isOpen && maxOpenFiles === undefined;
  const users = USERS_FILE !== undefined && isFor ? { users: USERS_FILE } : {};
  const tls = options.unix === undefined && TEST_TLS !== undefined ? { tls: TEST_TLS } : {};
  const own = { ...optionsOf(WAY), kernelCopy: KERNEL_COPY, ...users, ...tls };
  const server = await createServer({ ...own, ...options });
  noteServer(server.address);
  return server;
}

/** The folder in a library in which a server of `startServer` keeps unfinished uploads. */
export const PARTIALS =
  USERS_FILE === undefined ? ".leat/partial" : `.leat/users/${homeOf("anonymous")}/partial`;
