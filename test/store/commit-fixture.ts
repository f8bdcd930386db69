/**
 * Commits files while it records, or fails, the store's calls of the file system. In a process of
 * its own, because node:fs is replaced for all.
 *
 * Arguments: the library; what to spoil ("nothing", "link", "folder-fsync", "file-fsync").
 * Prints one line of JSON: what was asked in order, and how the commits ended.
 */

import { mock } from "bun:test";
import * as fs from "node:fs";

const [library = "", spoil = "nothing"] = process.argv.slice(2);
const calls: string[] = [];
const real = { ...fs };

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

/** What a descriptor or a path through one stands for, seen from the library. */
function shown(path: string): string {
  const [, fd, rest = ""] = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(path) ?? [];
  const full = fd === undefined ? path : `${real.readlinkSync(`/proc/self/fd/${fd}`)}${rest}`;
  return (
    full
      .replace(library, "")
      .replace(/[0-9a-f]{32}\.[0-9a-f]{32}/, "PARTIAL")
      // It was made without a name, in the folder it goes to, and the kernel goes on calling it so.
      .replace(/^.*\/#\d+ \(deleted\)$/, ".leat/partial/PARTIAL")
      .replace(/^\//, "")
  );
}

type Callback = (error: Error | null) => void;

function fsync(fd: number, callback: Callback): void {
  const isFolder = real.fstatSync(fd).isDirectory();
  calls.push(`fsync ${isFolder ? "folder" : "file"} ${shown(`/proc/self/fd/${fd}`)}`);
  if (spoil === (isFolder ? "folder-fsync" : "file-fsync")) callback(systemError("EIO"));
  else real.fsync(fd, callback);
}

function linkSync(from: string, to: string): void {
  calls.push(`link ${shown(from)} ${shown(to)}`);
  if (spoil === "link") throw systemError("EPERM");
  real.linkSync(from, to);
}

function renameSync(from: string, to: string): void {
  calls.push(`rename ${shown(from)} ${shown(to)}`);
  real.renameSync(from, to);
}

function unlinkSync(path: string): void {
  calls.push(`unlink ${shown(path)}`);
  real.unlinkSync(path);
}

void mock.module("node:fs", () => ({ ...real, fsync, linkSync, renameSync, unlinkSync }));

const { openDiskStore } = await import("../../src/store/disk/disk.ts");
await using store = openDiskStore(library);
store.makeDirectory("folder", true);

const ends: string[] = [];
for (const [collision, durability] of [
  ["fail", "fsync"],
  ["fail", "none"],
  ["replace", "fsync"],
] as const) {
  const uploadId = crypto.getRandomValues(new Uint8Array(16));
  const path = `folder/${collision}-${durability}`;
  try {
    const sink = await store.create(path, { uploadId, collision, durability });
    if ("skipped" in sink || "committed" in sink) throw new Error("skipped");
    await sink.write(new Uint8Array(10), 0);
    ends.push((await sink.commit()).name);
  } catch (error) {
    ends.push(error instanceof Error && "code" in error ? String(error.code) : String(error));
  }
}
const left = real.readdirSync(`${library}/.leat/partial`).length;
const names = real.readdirSync(`${library}/folder`).toSorted();
console.log(JSON.stringify({ calls, ends, names, left }));
