/** Folders that are made and put on disk: with all those above them, and by many at once. */
import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { openUnder } from "../support/folder.ts";
import { DiskLibrary } from "./library.ts";

const deep = Array.from({ length: 200 }, () => "d").join("/");

test.if(process.platform === "linux")(
  "hold no descriptor for each of them while they are put on disk",
  async () => {
    await using library = new DiskLibrary();
    const making = library.store.makeDirectory(deep, true, "fsync");
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, openUnder(library.path).length);
    });
    try {
      most = openUnder(library.path).length;
      await making;
    } finally {
      clearInterval(timer);
    }
    expect(await making).toMatchObject({ name: "d", kind: "DIRECTORY" });
    expect(statSync(library.at(deep)).isDirectory()).toBe(true);
    expect(most).toBeLessThan(10);
    // Those that are there are taken for made.
    expect(await library.store.makeDirectory(deep, true, "fsync")).toMatchObject({ name: "d" });
  },
);

function objects(): number {
  Bun.gc(true);
  return heapStats().objectCount;
}

test("that many requests make at once cost each of them the same", async () => {
  await using library = new DiskLibrary();
  const count = 600;
  const before = objects();
  const all = Array.from({ length: count }, (_, n) =>
    library.store.makeDirectory(`${n}`, false, "fsync"),
  );
  // Were each to wait for all others, it would be half as many as there are requests.
  expect(objects() - before).toBeLessThan(120 * count);
  await Promise.all(all);
  expect(readdirSync(library.path)).toHaveLength(count);
});
