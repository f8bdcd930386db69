/** No race leads out of the library: names are resolved once, to a descriptor. */

import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Store } from "../../src/store/store.ts";
import { LinkedLibrary } from "./library.ts";
import { RESOLUTIONS, textOf } from "./support.ts";

describe.each(RESOLUTIONS.filter((resolution) => resolution !== "walk-paths"))(
  "while somebody swaps a folder and a link, %s",
  (resolution) => {
    const SWAPS_SEEN = 200;
    // A walk that met the link may find the folder again when it determines the error.
    const REFUSED_IN_A_RACE = ["PERMISSION_DENIED", "NOT_A_DIRECTORY"];

    test("no name is ever resolved half to one and half to the other", async () => {
      await using library = new LinkedLibrary(resolution);
      library.file("a/file", "inside");
      library.link("../secret", "b");
      const swapper = spawn(process.execPath, [fixture("swap-fixture.ts"), library.path]);
      const exited = once(swapper, "exit");
      afterAll(() => swapper.kill());
      await once(swapper.stdout, "data");
      const seen = { inside: 0, refused: 0, other: new Set<string>() };
      for (let i = 0; i < 20_000 || Math.min(seen.inside, seen.refused) < SWAPS_SEEN; i++) {
        const found = await readOnce(library.store, "a/file");
        if (found === "inside") seen.inside++;
        else if (REFUSED_IN_A_RACE.includes(found)) seen.refused++;
        else seen.other.add(found);
      }
      expect([...seen.other]).toEqual([]);
      swapper.kill();
      await exited;
    });
  },
);

const fixture = (name: string): string => `${import.meta.dir}/${name}`;

async function readOnce(store: Store, path: string): Promise<string> {
  try {
    using source = await store.open(path);
    const into = new Uint8Array(source.entry.size);
    await source.read(into, 0);
    return textOf(into);
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
