/** Standard input that is a file: it is read from where it stands, and stands behind what was read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, run, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

/** Runs a script of the shell; `$LEAT` is the client. */
function bash(script: string, here: TemporaryFolder) {
  const env = { LEAT: `${CLIENT} client --server ${served.server.address}` };
  return run(["bash", "-c", script], { cwd: here.path, env });
}

const done = (stdout = "") => ({ code: 0, stdout, stderr: "" });

describe("upload - of a file", () => {
  test("sends what whoever opened it has left", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("left");
    here.file("file", "first\nsecond\nthird\n");
    expect(await bash("{ read line; $LEAT upload - --to left/a; } < file", here)).toEqual(done());
    expect(text("a")).toBe("second\nthird\n");
  });

  test("leaves nothing for whoever reads on", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("behind");
    here.file("file", "all\nof it\n");
    const ran = await bash("{ $LEAT upload - --to behind/a; cat; } < file", here);
    expect(ran).toEqual(done());
    expect(text("a")).toBe("all\nof it\n");
  });

  test("sends the rest of one that was read to its end: nothing", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("end");
    here.file("file", "all\n");
    expect(await bash("{ cat; $LEAT upload - --to end/a; } < file", here)).toEqual(done("all\n"));
    expect(text("a")).toBe("");
  });

  test("larger than a chunk, from its middle", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("large");
    const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`);
    here.file("file", `skipped\n${lines.join("")}`);
    expect(await bash("{ read line; $LEAT upload - --to large/a; } < file", here)).toEqual(done());
    expect(text("a")).toBe(lines.join(""));
  });

  test("of a folder says what is wrong", async () => {
    using here = new TemporaryFolder();
    const ran = await bash("$LEAT upload - --to folder < .", here);
    expect(ran).toMatchObject({ code: 16, stdout: "" });
    expect(ran.stderr).toMatch(/^leat: upload: .*\(IS_A_DIRECTORY\)/);
  });
});

describe("commands from a file", () => {
  test("begin where it stands", async () => {
    using here = new TemporaryFolder();
    served.corner("stands").file("x", "X");
    here.file("file", "not for leat\nget stands/x -o -\n");
    expect(await bash("{ read line; $LEAT; } < file", here)).toEqual(done("X"));
  });

  test("end with quit, and what follows is for whoever reads on", async () => {
    using here = new TemporaryFolder();
    served.corner("quit").file("x", "X");
    here.file("file", "get quit/x -o -\nquit\nnot for leat\nnor this\n");
    expect(await bash("{ $LEAT; cat; } < file", here)).toEqual(done("Xnot for leat\nnor this\n"));
  });

  test("may begin with a byte order mark and end without a line break", async () => {
    using here = new TemporaryFolder();
    served.corner("mark").file("x", "X");
    here.file("file", "\ufeffget mark/x -o -\r\nget mark/x -o -");
    expect(await bash("$LEAT < file", here)).toEqual(done("XX"));
  });

  test("are no endless line", async () => {
    using here = new TemporaryFolder();
    const ran = await bash("yes | tr -d '\\n' | $LEAT", here);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^leat: a line is longer than \d+ bytes/);
  });
});
