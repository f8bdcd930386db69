/** A process that begins an upload in the folder of the user alice, and goes on until it is killed. */
import { DiskStore } from "../../src/store/disk/disk.ts";
import { MiB } from "../../src/limits.ts";

const store = DiskStore.open(process.argv[2]!, {
  part: { path: "root", followsLinks: true, home: "alice" },
  quota: { bytes: 10 * MiB, files: 12, run: "run" },
});
await store.create("unfinished", {
  uploadId: Buffer.alloc(16, "h"),
  size: 5 * MiB,
  collision: "replace",
  durability: "none",
});
process.stdout.write("begun\n");
setInterval(() => {}, 1000);
