/**
 * What the tests run against: `LEAT_TEST_MODEL` names a model or `workers`, and is the event loop unless given;
 * `LEAT_TEST_USERS` names a users file. `bun run test:models` and `bun run test:secured` set them.
 */
import { test } from "bun:test";
import type { ServerOptions } from "../../src/index.ts";
import { OPTIONS } from "../../src/server/options/table.ts";
import { TLS_FILES } from "./tls.ts";

export const WAYS = [...OPTIONS.model.choices, "workers"] as const;

/** A way of serving. */
export type Way = (typeof WAYS)[number];

/** How many, where workers serve. */
export const WORKERS = 2;

/** Another process or thread serves: what a test keeps in its memory is not there. */
export const ELSEWHERE: readonly Way[] = ["processes", "threads", "workers"];

const named = process.env["LEAT_TEST_MODEL"];

export const WAY: Way = wayOf(named ?? "event-loop");

function wayOf(name: string): Way {
  const way = WAYS.find((known) => known === name);
  if (way === undefined) throw new Error(`LEAT_TEST_MODEL is ${name}, none of ${WAYS.join(", ")}`);
  return way;
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
 * A file with a user `anonymous`, who may do everything: clients without credentials are that user, and are served
 * from the user's own store.
 */
export const USERS_FILE = process.env["LEAT_TEST_USERS"];

/** Flags of a `leat server` whose own flags say nothing about models, users and TLS. */
export function flagsBeside(args: readonly string[]): string[] {
  const given = (...flags: string[]): boolean => flags.some((flag) => args.includes(flag));
  if (given("--config")) return [];
  const flags: string[] = [];
  if (named !== undefined && !given("--model", "--workers")) flags.push(...flagsOf(WAY));
  // Another user cannot read the file.
  if (USERS_FILE !== undefined && !given("--users", "--tls-client-ca", "--run-as")) {
    flags.push("--users", USERS_FILE);
  }
  if (TLS_FILES !== undefined && !given("--unix", "--tls-cert")) {
    flags.push("--tls-cert", TLS_FILES.cert, "--tls-key", TLS_FILES.key);
  }
  return flags;
}

/** `test`, of something that these ways cannot do: there it is skipped, and says why in its name. */
export function testExcept(ways: readonly Way[], why: string): typeof test {
  return testUnless(ways.includes(WAY), `${ways.join(", ")}: ${why}`);
}

/** `test`, of several clients at once. */
export const testTogether = testExcept(["iterative"], "it serves one client at a time");

/** `test`, of something that cannot be done with TLS: there it is skipped, and says why in its name. */
export function testPlain(why: string, plain: typeof test = test): typeof test {
  return testUnless(TLS_FILES !== undefined, `TLS: ${why}`, plain);
}

function testUnless(isSkipped: boolean, what: string, otherwise: typeof test = test): typeof test {
  if (!isSkipped) return otherwise;
  const skip = (name: string, run: () => Promise<void>): void =>
    test.skip(`${name} [not with ${what}]`, run);
  return skip as typeof test;
}

/** Runs may take minutes: with more clients, and more often. */
export const LONG = process.env["LEAT_TEST_LONG"] === "1";
