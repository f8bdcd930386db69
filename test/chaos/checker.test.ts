/** The checker of chaos runs finds what it is there to find. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { TemporaryFolder } from "../support/folder.ts";
import type { Ending } from "./actor.ts";
import { check, type Outcome } from "./checker.ts";
import { History } from "./history.ts";
import type { Step } from "./plan.ts";
import { type Digest, type VersionName, Versions } from "./versions.ts";

const folder = new TemporaryFolder();
const versions = new Versions(folder.folder("versions"));
const local = folder.folder("local");
const [ONE, TWO]: [VersionName, VersionName] = ["100-0", "100-1"];
let one: Digest;
let two: Digest;
let history: History;
let time: number;

beforeAll(() => {
  one = versions.digest(ONE);
  two = versions.digest(TWO);
});

beforeEach(() => {
  history = new History(versions);
  time = 0;
});

afterAll(() => folder[Symbol.dispose]());

const put = (version: VersionName, ifExists: "fail" | "replace" = "replace"): Step => ({
  do: "put",
  name: "a",
  version,
  ifExists,
});
const done: Ending = { how: "done" };
const failed = (code: "CONNECTION_LOST" | "ALREADY_EXISTS" | "NOT_FOUND"): Ending => ({
  how: "failed",
  code,
  message: "",
});

/** A client does something, long after what came before. Without an ending it is killed. */
function did(step: Step, ended?: Ending): void {
  const client = (time += 100);
  history.note({ client, step: 0, at: time, begun: step });
  if (ended !== undefined) history.note({ client, step: 0, at: time + 50, ended, resumes: 0 });
}

function found(files: Record<string, Digest>, more: Partial<Outcome> = {}): string[] {
  history.close();
  const there = new Map(Object.entries(files));
  const sent = new Set([one, two]);
  const listed = [...there.keys()];
  const outcome = {
    history,
    sent,
    files: there,
    listed,
    local,
    partials: 0,
    garbled: false,
    ...more,
  };
  return check(outcome).map(({ what }) => what);
}

describe("an outcome is right when", () => {
  test("the last upload is there", () => {
    did(put(ONE), done);
    did(put(TWO), done);
    expect(found({ a: two })).toEqual([]);
  });

  test.each([undefined, failed("CONNECTION_LOST")])("nobody knows: %p", (ending) => {
    did(put(ONE), done);
    did(put(TWO), ending);
    expect(found({ a: one })).toEqual([]);
  });

  test("an upload that nobody heard of happened after all", () => {
    did(put(ONE), done);
    did(put(TWO));
    expect(found({ a: two })).toEqual([]);
  });

  test("it was removed", () => {
    did(put(ONE), done);
    did({ do: "remove", name: "a" }, done);
    expect(found({})).toEqual([]);
  });
});

describe("it is found that", () => {
  test("an acknowledged upload is gone", () => {
    did(put(ONE), done);
    did(put(TWO), failed("CONNECTION_LOST"));
    expect(found({})).toEqual(["lost"]);
  });

  test("an acknowledged replacement did not happen", () => {
    did(put(ONE), done);
    did(put(TWO), done);
    expect(found({ a: one })).toEqual(["wrong"]);
  });

  test("a refused upload happened", () => {
    did(put(ONE), failed("ALREADY_EXISTS"));
    expect(found({ a: one })).toEqual(["wrong", "wrong"]);
  });

  test("a file is none that was sent", () => {
    did(put(ONE), done);
    expect(found({ a: "100:spliced" })).toEqual(["spliced", "wrong"]);
  });

  test("a download is none that was sent", () => {
    did(put(ONE), done);
    did({ do: "get", name: "a" }, { how: "done", found: "100:spliced" });
    expect(found({ a: one })).toEqual(["spliced", "wrong"]);
  });

  test("a download is of a version that was replaced before", () => {
    did(put(ONE), done);
    did(put(TWO), done);
    did({ do: "get", name: "a" }, { how: "done", found: one });
    expect(found({ a: two })).toEqual(["wrong"]);
  });

  test("what is there was not found", () => {
    did(put(ONE), done);
    did({ do: "get", name: "a" }, failed("NOT_FOUND"));
    expect(found({ a: one })).toEqual(["wrong"]);
  });

  test("two uploads of a new file were both received", () => {
    did(put(ONE, "fail"), done);
    did(put(TWO, "fail"), done);
    expect(found({ a: two })).toEqual(["lost"]);
  });

  test("something is listed that is no file of the library", () => {
    did(put(ONE), done);
    expect(found({ a: one }, { listed: ["a", "partial"] })).toEqual(["visible"]);
  });

  test("an upload that was acknowledged has left a partial", () => {
    did(put(ONE), done);
    expect(found({ a: one }, { partials: 1 })).toEqual(["leaked"]);
  });

  test("a list leaves something out", () => {
    did(put(ONE), done);
    did({ do: "list" }, { how: "done", entries: [] });
    expect(found({ a: one })).toEqual(["wrong"]);
  });

  test("a saved file is none that was sent", () => {
    const saved = folder.file("saved/0/a", "something else");
    expect(found({}, { local: folder.at("saved") })).toEqual(["spliced"]);
    expect(saved).toContain("saved/0/a");
  });
});
