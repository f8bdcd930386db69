/** A transfer that does not move says why, in the line that shows how far it is. */
import { expect } from "bun:test";
import { MiB } from "../../src/limits.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { testTogether } from "../support/ways.ts";
import { AtTerminal, CLIENT, Served } from "./support.ts";

testTogether("the line of a transfer that does not move says why", async () => {
  await using served = await Served.start();
  served.library.file("file", new Uint8Array(8 * MiB));
  const port = Number(served.server.port);
  using proxy = new FaultProxy(port, () => ({ stallDown: 3 * MiB }));
  using here = new TemporaryFolder();
  const cwd = here.path;
  const get = [CLIENT, "client", "--server", proxy.address, "get", "file"];
  await using fetching = new AtTerminal(get, { cwd });
  const put = `sleep 120 | exec "$0" client --server ${served.server.address} upload - --to x`;
  await using sending = new AtTerminal(["/bin/sh", "-c", put, CLIENT], { cwd });
  await fetching.screen.until(/file .* no word from the server, \d s/);
  // It is there, as its Pong says: this is not its fault.
  await sending.screen.until(/x .* waits for the local disk, or a pipe, \d s/);
  expect(sending.screen.text).not.toContain("no word");
  await served.server.stderr.until(/nothing comes from the client: .*path=x seconds=\d/);
  await served.server.stderr.until(/a transfer does not move: .*path=file seconds=\d/);
  fetching.kill("SIGTERM");
  sending.kill("SIGTERM");
});
