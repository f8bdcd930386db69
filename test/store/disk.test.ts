/** The contract, by every way the disk store has to resolve names. */

import { openDiskStore } from "../../src/store/disk/disk.ts";
import { type Library, storeContract } from "./contract.ts";
import { DiskLibrary } from "./library.ts";
import { RESOLUTIONS } from "./support.ts";

for (const resolution of RESOLUTIONS) {
  storeContract(`disk store, ${resolution}`, async (): Promise<Library> => {
    const library = new DiskLibrary(resolution);
    return {
      store: library.store,
      readOnly: async () => openDiskStore(library.path, { resolution, readOnly: true }),
      [Symbol.asyncDispose]: () => library[Symbol.asyncDispose](),
    };
  });
}
