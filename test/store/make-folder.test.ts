/** Folders that are made with all those above them, and put on disk. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { openUnder } from "../support/folder.ts";
import { DiskLibrary } from "./library.ts";

const deep = Array.from({ length: 200 }, () => "d").join("/");

test.if(process.platform === "linux")(
  "hold no descriptor for each of them while they are put on disk",
  async () => {
    await using library = new DiskLibrary();
    const making = library.store.makeDirectory(deep, true, "fsync");
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, openUnder(library.path).length);
    });
    try {
      most = openUnder(library.path).length;
      await making;
    } finally {
      clearInterval(look);
    }
    expect(await making).toMatchObject({ name: "d", kind: "DIRECTORY" });
    expect(statSync(library.at(deep)).isDirectory()).toBe(true);
    expect(most).toBeLessThan(10);
    // Those that are there are taken for made.
    expect(await library.store.makeDirectory(deep, true, "fsync")).toMatchObject({ name: "d" });
  },
);
