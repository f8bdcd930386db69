/** FIFOs, sockets and devices are shown and never opened: a FIFO blocks, a device may do something. */

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { lstatSync } from "node:fs";
import { DiskLibrary } from "./library.ts";
import { create, page, put, refused, RESOLUTIONS } from "./support.ts";

type Make = (path: string) => Promise<AsyncDisposable>;

const nothing: AsyncDisposable = { async [Symbol.asyncDispose]() {} };

/** Makes a node by a command of the system. @returns whether that worked */
function command(...words: readonly string[]): boolean {
  return spawnSync(words[0] ?? "", words.slice(1)).status === 0;
}

async function makeFifo(path: string): Promise<AsyncDisposable> {
  expect(command("mkfifo", path)).toBe(true);
  return nothing;
}

async function makeSocket(path: string): Promise<AsyncDisposable> {
  const server = createServer().listen(path);
  await once(server, "listening");
  return server;
}

async function makeDevice(path: string): Promise<AsyncDisposable> {
  expect(command("mknod", path, "c", "1", "3")).toBe(true);
  return nothing;
}

const KINDS: [string, Make][] = [
  ["a FIFO", makeFifo],
  ["a socket", makeSocket],
];
if (canMakeDevices()) KINDS.push(["a device", makeDevice]);
else console.log("skipped: devices cannot be made here, only root may");

function canMakeDevices(): boolean {
  const library = new DiskLibrary();
  const made = command("mknod", library.at("device"), "c", "1", "3");
  void library[Symbol.asyncDispose]();
  return made;
}

describe.each(RESOLUTIONS)("%s", (resolution) => {
  test.each(KINDS)("%s is OTHER, and not opened", async (_kind, make) => {
    await using library = new DiskLibrary(resolution);
    const { store } = library;
    await using nodes = new AsyncDisposableStack();
    nodes.use(await make(library.at("node")));
    expect(store.stat("node")).toMatchObject({ name: "node", kind: "OTHER", size: 0, version: "" });
    expect((await page(store, "")).entries).toMatchObject([{ name: "node", kind: "OTHER" }]);
    const { message } = await refused("NOT_A_REGULAR_FILE", () => store.open("node"));
    expect(message).toContain('"node"');
    await refused("NOT_A_DIRECTORY", () => store.open("node/x"));
    await refused("NOT_A_DIRECTORY", () => page(store, "node"));
    expect(lstatSync(library.at("node")).isFile()).toBe(false);
  });

  test.each(KINDS)("%s is not replaced, but may be renamed and removed", async (_kind, make) => {
    await using library = new DiskLibrary(resolution);
    const { store } = library;
    await using nodes = new AsyncDisposableStack();
    nodes.use(await make(library.at("node")));
    await put(store, "file");
    await refused("ALREADY_EXISTS", () => create(store, "node"));
    await refused("NOT_A_REGULAR_FILE", () => create(store, "node", { collision: "replace" }));
    await refused("NOT_A_REGULAR_FILE", () => store.rename("file", "node", true));
    await refused("ALREADY_EXISTS", () => store.rename("file", "node", false));
    expect(store.rename("node", "moved", false)).toMatchObject({ kind: "OTHER" });
    store.remove("moved");
    await refused("NOT_FOUND", () => store.stat("moved"));
  });
});
