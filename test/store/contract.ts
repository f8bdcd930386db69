/**
 * What every store must do, whatever it keeps its files on. Each kind of store runs this suite with
 * a factory of its own.
 */

import { describe } from "bun:test";
import { makingDirectories, removing, renaming } from "./contract/changes.ts";
import { collisions, races } from "./contract/collisions.ts";
import type { OpenLibrary } from "./contract/library.ts";
import { paging, readOnly } from "./contract/pages.ts";
import { naming, reading } from "./contract/reading.ts";
import { endings, writing } from "./contract/writing.ts";

export type { Library, OpenLibrary } from "./contract/library.ts";

export function storeContract(name: string, open: OpenLibrary): void {
  describe(name, () => {
    describe("reading", () => reading(open));
    describe("names", () => naming(open));
    describe("writing", () => writing(open));
    describe("a name that is taken", () => collisions(open));
    describe("several at once", () => races(open));
    describe("the end of a Sink", () => endings(open));
    describe("remove", () => removing(open));
    describe("makeDirectory", () => makingDirectories(open));
    describe("rename", () => renaming(open));
    describe("page", () => paging(open));
    describe("read-only", () => readOnly(open));
  });
}
