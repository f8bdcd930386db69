/** The folder that is served goes, comes back, or becomes another one, while the server runs. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { refusal } from "../support/refusal.ts";
import { noMount, smallDisk } from "../support/mounted.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { openIn } from "../support/held.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { createUsers } from "../support/users.ts";
import { until } from "../support/until.ts";

let stage: TemporaryFolder;
beforeEach(() => {
  stage = new TemporaryFolder();
});
afterEach(() => stage[Symbol.dispose]());

/** In this process, so that what it holds can be looked at. */
const start = (path: string): Promise<Server> =>
  startServer({ library: stage.at(path), model: "event-loop", workers: 1 });

const names = async (client: Client): Promise<string[]> =>
  (await Array.fromAsync(client.list())).map(({ name }) => name);

/** Asks until the answer is that one. */
async function answers(ask: () => Promise<unknown>, wanted: unknown): Promise<void> {
  let last: unknown;
  const asked = async (): Promise<boolean> => Bun.deepEquals((last = await ask()), wanted);
  await until(asked, () => last);
}

const listed = (client: Client) => (): Promise<unknown> =>
  names(client).catch((thrown: { code: string }) => thrown.code);

/** What this process has open below a folder. */
const held = (path: string): string[] =>
  openIn(process.pid).filter((what) => what.startsWith(`${path}/`) || what === path);

describe("a library whose folder", () => {
  test("is renamed away is not there, and is served again when it is back", async () => {
    stage.file("library/file", "whole");
    await using server = await start("library");
    await using client = await connect(server.address);
    renameSync(stage.at("library"), stage.at("elsewhere"));
    await answers(listed(client), "UNAVAILABLE");
    for (const asked of [
      client.stat("file"),
      client.get("file"),
      client.put("new", Buffer.from("x")),
    ]) {
      const { code, message, retryAfter } = await refusal(asked);
      expect([code, retryAfter]).toEqual(["UNAVAILABLE", 500]);
      expect(message).toContain(`the library "${stage.at("library")}" is not there at the moment`);
    }
    expect((await client.status()).connections).toBe(1);
    renameSync(stage.at("elsewhere"), stage.at("library"));
    await answers(listed(client), ["file"]);
    await client.put("new", Buffer.from("x"));
    expect(await names(client)).toEqual(["file", "new"]);
  });

  test("is away for a moment is waited for by a client that tries again", async () => {
    stage.file("library/file", "whole");
    await using server = await start("library");
    const retried = Promise.withResolvers<void>();
    const retry = { retry: 20_000, onRetry: () => retried.resolve() };
    await using client = await connect(server.address, retry);
    renameSync(stage.at("library"), stage.at("elsewhere"));
    await using other = await connect(server.address);
    await answers(listed(other), "UNAVAILABLE");
    const text = client.get("file").then((file) => file.text());
    await retried.promise;
    renameSync(stage.at("elsewhere"), stage.at("library"));
    expect(await text).toBe("whole");
  });

  test("becomes another one is that one, and what is under way ends where it began", async () => {
    stage.file("library/old", Buffer.alloc(2 * MiB, 1));
    stage.file("next/new", "new");
    await using server = await start("library");
    await using client = await connect(server.address);
    const gate = Promise.withResolvers<void>();
    const upload = client.put("upload", slowly(gate.promise));
    const download = await client.get("old");
    const partials = stage.at("library", PARTIALS);
    await until(() => existsSync(partials) && readdirSync(partials).length > 0);
    renameSync(stage.at("library"), stage.at("before"));
    renameSync(stage.at("next"), stage.at("library"));
    await answers(listed(client), ["new"]);
    gate.resolve();
    expect((await upload).durability).toBe("fsync");
    expect(readFileSync(stage.at("before/upload"), "utf8")).toBe("onetwo");
    expect((await download.bytes()).length).toBe(2 * MiB);
    await client.put("more", Buffer.from("more"));
    expect(readFileSync(stage.at("library/more"), "utf8")).toBe("more");
    // And then nothing of it is held any more.
    await until(
      () => held(stage.at("before")).length === 0,
      () => held(stage.at("before")),
    );
  });

  test("becomes another one is held no more, with users, who have stores of their own", async () => {
    stage.file("library/old", "old");
    stage.file("next/new", "new");
    const { path: users } = createUsers(stage, { anonymous: {} });
    const library = stage.at("library");
    const how = { model: "event-loop", workers: 1, users } as const;
    await using server = await startServer({ library, ...how });
    await using client = await connect(server.address);
    expect(await names(client)).toEqual(["old"]);
    renameSync(library, stage.at("before"));
    renameSync(stage.at("next"), library);
    await answers(listed(client), ["new"]);
    const before = (): string[] => held(stage.at("before"));
    await until(() => before().length === 0, before);
  });

  test("is reached by a link goes where the link is turned to", async () => {
    stage.file("1/first", "1");
    stage.file("2/second", "2");
    symlinkSync(stage.at("1"), stage.at("current"));
    await using server = await start("current");
    await using client = await connect(server.address);
    expect(await names(client)).toEqual(["first"]);
    unlinkSync(stage.at("current"));
    symlinkSync(stage.at("2"), stage.at("current"));
    await answers(listed(client), ["second"]);
    unlinkSync(stage.at("current"));
    await answers(listed(client), "UNAVAILABLE");
  });

  test("is cleared away and made anew is served as it is then", async () => {
    stage.file("library/file", "old");
    await using server = await start("library");
    await using client = await connect(server.address);
    await client.put("other", Buffer.from("x"));
    rmSync(stage.at("library"), { recursive: true });
    mkdirSync(stage.at("library"));
    await answers(listed(client), []);
    await client.put("file", Buffer.from("new"));
    expect(readFileSync(stage.at("library/file"), "utf8")).toBe("new");
  });
});

async function* slowly(gate: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from("one");
  yield Buffer.from("t");
  await gate;
  yield Buffer.from("wo");
}

const why = noMount();
if (why !== undefined) console.log(`skipped: ${why}`);

describe.if(why === undefined)("a library on a disk of its own that", () => {
  test("is unmounted is not there: the empty place is not served; and it comes back", async () => {
    const path = stage.at("disk");
    const disk = smallDisk(8 * MiB, path);
    await using server = await start("disk");
    await using client = await connect(server.address);
    await client.put("file", Buffer.from("on the disk"));
    disk[Symbol.dispose]();
    await answers(listed(client), "UNAVAILABLE");
    const { code, message } = await refusal(client.put("lost", Buffer.from("x")));
    expect([code, message]).toEqual([
      "UNAVAILABLE",
      expect.stringContaining("its disk is not mounted"),
    ]);
    using back = smallDisk(8 * MiB, path);
    await answers(listed(client), []);
    await client.put("file", Buffer.from("on the next disk"));
    expect(readFileSync(`${back.path}/file`, "utf8")).toBe("on the next disk");
  });
});
