/**
 * Commits the same name as other processes do, at the moment its standard input ends.
 *
 * Arguments: the library, and the contents. Prints "ready", then how the commit ended.
 */

import { openDiskStore } from "../../src/store/disk/disk.ts";

const [library = "", contents = ""] = process.argv.slice(2);
await using store = openDiskStore(library);
const uploadId = crypto.getRandomValues(new Uint8Array(16));
const sink = await store.create("file", { uploadId, collision: "fail", durability: "none" });
if ("skipped" in sink || "committed" in sink) throw new Error("skipped");
await sink.write(new TextEncoder().encode(contents), 0);
console.log("ready");
await Bun.stdin.text();
try {
  await sink.commit();
  console.log("won");
} catch (error) {
  console.log(error instanceof Error && "code" in error ? error.code : error);
}
