/** A server whose log nobody reads. */
import { expect, test } from "bun:test";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { KiB, LOG_BUFFER } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { addressIn } from "../support/tls.ts";
import { flagsBeside, USERS_FILE } from "../support/ways.ts";
import { environment, run, SERVER, Written } from "./support.ts";

const CONNECTIONS = 3000;

/** Of each connection: it comes, it logs in where there are users, it shakes hands, it goes. */
const LINES = USERS_FILE === undefined ? 3 : 4;

/** What a pipe of Linux holds. */
const PIPE = 64 * KiB;

test("holds a bounded part of it, goes on, and says how many lines are lost", async () => {
  using folder = new TemporaryFolder();
  const pipe = folder.at("pipe");
  await run(["mkfifo", pipe]);
  const library = folder.folder("library");
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const flags = ["--port", "0", "--log-level", "debug", "--model", "event-loop"];
  await using child = Bun.spawn([SERVER, "server", library, ...flags, ...flagsBeside(flags)], {
    env: environment(),
    stdio: ["ignore", "pipe", fd],
  });
  const ready = await new Written(child.stdout).until("\n");
  const address = addressIn(ready);
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  for (let i = 0; i < CONNECTIONS; i += 1) {
    using peer = await RawPeer.welcomed(port);
    peer.fin();
    await peer.ended();
  }
  let text = read(fd);
  // A read may end in the middle of that line.
  const missing = /missing here: stderr was not read in time lost=(\d+)\n/;
  while (!missing.test(text)) {
    await Bun.sleep(5);
    text += read(fd);
  }
  const lost = Number(missing.exec(text)![1]);
  const before = text.slice(0, text.indexOf("lines of the log are missing here"));
  // What the runtime takes in one write besides.
  expect(before.length).toBeLessThan(2 * (PIPE + LOG_BUFFER));
  const lines = before.split("\n").length - 1;
  expect(Math.abs(lines + lost - LINES * CONNECTIONS)).toBeLessThan(20);
  child.kill();
  expect(await child.exited).toBe(0);
  closeSync(fd);
});

function read(fd: number): string {
  const bytes = Buffer.alloc(1 << 20);
  try {
    return bytes.toString("utf8", 0, readSync(fd, bytes));
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "EAGAIN") return "";
    throw thrown;
  }
}
