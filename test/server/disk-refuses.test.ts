/** The disk says no, and later yes, to a server that runs. Needs to mount, so root; says when it cannot. */
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { connect, type Client } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { refusalCode } from "../support/refusal.ts";
import { noMount, smallDisk } from "../support/mounted.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { until } from "../support/until.ts";

const why = noMount();
if (why !== undefined) console.log(`skipped: ${why}`);

const text = async (client: Client, path: string): Promise<string> =>
  await (await client.get(path)).text();

/** Its size is not known before it is read. */
async function* stream(size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += 64 * 1024) yield new Uint8Array(64 * 1024).fill(1);
}

describe.if(why === undefined)("a library on a disk that", () => {
  test("is full: NO_SPACE, nothing half visible, others go on, and room is used again", async () => {
    using disk = smallDisk(2 * MiB);
    await using server = await startServer({ library: disk.path });
    await using client = await connect(server.address);
    await client.put("before", Buffer.from("here to stay"));
    expect(await refusalCode(client.put("declared", new Uint8Array(8 * MiB)))).toBe("NO_SPACE");
    const [streamed, whole] = await Promise.all([
      refusalCode(client.put("streamed", stream(8 * MiB))),
      text(client, "before"),
    ]);
    expect([streamed, whole]).toEqual(["NO_SPACE", "here to stay"]);
    const names: string[] = [];
    for await (const { name } of client.list("", { hidden: true })) names.push(name);
    expect(names).toEqual(["before"]);
    await until(() => readdirSync(disk.at(PARTIALS)).length === 0);
    const receipt = await client.put("after", new Uint8Array(MiB));
    expect(receipt.durability).toBe("fsync");
  });

  test("two uploads fill together: what did not get on is refused, what did is whole", async () => {
    using disk = smallDisk(2 * MiB);
    await using server = await startServer({ library: disk.path });
    await using client = await connect(server.address);
    const size = 1.25 * MiB;
    const ends = await Promise.allSettled([
      client.put("one", new Uint8Array(size)),
      client.put("two", new Uint8Array(size)),
    ]);
    const refused = ends.filter((end) => end.status === "rejected");
    expect(refused.length).toBeGreaterThanOrEqual(1);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "NO_SPACE" });
    for await (const entry of client.list()) expect(entry.size).toBe(size);
    await until(() => readdirSync(disk.at(PARTIALS)).length === 0);
    if (refused.length === 2) await client.put("one", new Uint8Array(size));
    await client.remove((await Array.fromAsync(client.list()))[0]!.name);
    await client.put("three", new Uint8Array(size));
  });

  test("is read-only: READ_ONLY for each change, reading goes on; then it takes changes", async () => {
    using disk = smallDisk(2 * MiB);
    writeFileSync(disk.at("file"), "readable");
    disk.remount("ro");
    await using server = await startServer({ library: disk.path });
    await using client = await connect(server.address);
    expect(await refusalCode(client.put("new", new Uint8Array(3)))).toBe("READ_ONLY");
    expect(await refusalCode(client.put("new", stream(MiB)))).toBe("READ_ONLY");
    expect(await refusalCode(client.put("file", new Uint8Array(3), { ifExists: "replace" }))).toBe(
      "READ_ONLY",
    );
    expect(await refusalCode(client.remove("file"))).toBe("READ_ONLY");
    expect(await refusalCode(client.makeDirectory("folder"))).toBe("READ_ONLY");
    expect(await refusalCode(client.rename("file", "other"))).toBe("READ_ONLY");
    expect(await text(client, "file")).toBe("readable");
    disk.remount("rw");
    await client.put("new", Buffer.from("now"));
    expect(await text(client, "new")).toBe("now");
  });
});
