/** The contract, by every way the disk store has to resolve names. */

import { openDiskStore } from "../../src/store/disk.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Library, storeContract } from "./contract.ts";
import { RESOLUTIONS } from "./support.ts";

for (const resolution of RESOLUTIONS) {
  storeContract(`disk store, ${resolution}`, async (): Promise<Library> => {
    const folder = new TemporaryFolder();
    const store = openDiskStore(folder.path, { resolution });
    return {
      store,
      readOnly: async () => openDiskStore(folder.path, { resolution, readOnly: true }),
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        folder[Symbol.dispose]();
      },
    };
  });
}
