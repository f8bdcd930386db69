/** For quota.test.ts: prints how many bytes of the quota of a user are used; not as root, who may read everything. */
import { runAs } from "../../src/cli/server/run-as.ts";
import { MiB } from "../../src/limits.ts";
import { DiskStore } from "../../src/store/disk/disk.ts";

if (process.getuid?.() === 0) runAs("nobody");
await using store = DiskStore.open(process.argv[2]!, {
  part: { path: "root", followsLinks: true, home: "alice" },
  quota: { bytes: MiB, run: "run" },
});
await store.makeDirectory("counted", true, "none");
console.log(MiB - store.freeBytes()!);
