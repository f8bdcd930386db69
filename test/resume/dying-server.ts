/**
 * A server that ends as by SIGKILL at one moment of its first commit. In a process of its own, because
 * node:fs is replaced for all.
 *
 * Arguments: the library; the moment. Prints its port.
 */
import { mock } from "bun:test";
import * as fs from "node:fs";

const [library = "", moment = ""] = process.argv.slice(2);
const real = { ...fs };

function at(now: string): void {
  if (now === moment) process.kill(process.pid, "SIGKILL");
}

function linkSync(from: string, to: string): void {
  at("before the name");
  real.linkSync(from, to);
  at("behind the name");
}

function unlinkSync(path: string): void {
  real.unlinkSync(path);
  at("behind the partial");
}

function renameSync(from: string, to: string): void {
  at("before the replacement");
  real.renameSync(from, to);
  at("behind the replacement");
}

void mock.module("node:fs", () => ({ ...real, linkSync, renameSync, unlinkSync }));

const { createServer } = await import("../../src/index.ts");
const server = await createServer({ library });
console.log(server.port);
