/** A handful of chaos runs, one of each kind; `bun run chaos` makes more of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { TemporaryFolder } from "../support/folder.ts";
import { announcedSeed } from "../support/chop.ts";
import { asksAgain } from "./asks.ts";
import { cutTransfer, isKept } from "./cut.ts";
import { drawPlan, KINDS } from "./plan.ts";
import { PLACE, runPlan } from "./run.ts";
import { noMount } from "../support/mounted.ts";
import { LONG } from "../support/ways.ts";
import { killedSyncs, WAYS } from "./sync.ts";
import { failureOf } from "./table.ts";
import { Versions } from "./versions.ts";

describe.if(process.platform === "linux")("chaos", () => {
  let folder: TemporaryFolder;
  let versions: Versions;

  beforeAll(() => {
    folder = new TemporaryFolder(PLACE);
    versions = new Versions(folder.path);
  });

  afterAll(() => folder[Symbol.dispose]());

  for (const kind of KINDS) {
    const no = kind === "disk" ? noMount() : undefined;
    test.skipIf(no !== undefined)(`${kind}${no === undefined ? "" : ` [${no}]`}`, async () => {
      const result = await runPlan(drawPlan(kind, announcedSeed()), versions);
      expect(result.violations.length === 0 ? "" : failureOf(result)).toBe("");
      expect(result.history.begun).toBeGreaterThanOrEqual(16);
    });
  }
});

describe.if(process.platform === "linux")("a connection that is cut again and again", () => {
  test.each(["download", "upload"] as const)(
    "costs a block each time at most, in the middle of a %s",
    async (way) => {
      const options = { mib: 16, cuts: 3, seed: announcedSeed() };
      const result = await cutTransfer(way, options);
      expect([result, isKept(result, options)]).toEqual([result, true]);
    },
  );
});

describe.if(process.platform === "linux")("uploads that are cut behind Finish", () => {
  test.each([2, 4])("are answered with their receipts by %d workers", async (workers) => {
    const options = { workers, asks: LONG ? 30 : 12, resumes: 1, seed: announcedSeed() };
    expect((await asksAgain(options)).wrong).toEqual([]);
  });
});

describe.if(process.platform === "linux")("a sync that is killed and repeated", () => {
  test.each(WAYS)("leaves nothing half and ends equal: %j", async (way) => {
    const result = await killedSyncs({ ...way, kills: 1, seed: announcedSeed() });
    expect(result.wrong).toEqual([]);
  });
});
