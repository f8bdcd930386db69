/** The clock of the wall may be set while a server runs. */
import { afterEach, expect, setSystemTime, test } from "bun:test";
import { crc32 } from "node:zlib";
import { connect } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

const DAY = 24 * 3_600_000;

afterEach(() => void setSystemTime());

test.each([2 * DAY, -2 * DAY])("a drain is not cut when it moves by %d ms", async (moved) => {
  using folder = new TemporaryFolder();
  const server = await startServer({ library: folder.path, durability: "none" });
  using peer = await RawPeer.welcomed(server.port);
  const bytes = new TextEncoder().encode("contents");
  const uploadId = crypto.getRandomValues(new Uint8Array(16));
  peer.request(1, { case: "put", value: { path: "f", uploadId, size: bytes.length } });
  expect((await peer.body(1)).case).toBe("response");
  const stopped = server.stop({ drain: 20_000 });
  setSystemTime(new Date(Date.now() + moved));
  expect((await peer.body(0)).case).toBe("goAway");
  await Bun.sleep(150); // the server has looked at its clock since
  peer.data(1, 0, bytes, crc32(bytes));
  peer.frame(1, { case: "finish", value: { size: bytes.length, crc32: crc32(bytes) } });
  expect((await peer.body(1)).case).toBe("receipt");
  peer.fin();
  await stopped;
});

test.each([2 * DAY, -2 * DAY])("its age is what it was when it moves by %d ms", async (moved) => {
  using folder = new TemporaryFolder();
  const server = await startServer({ library: folder.path, durability: "none" });
  await using client = await connect(server.address);
  setSystemTime(new Date(Date.now() + moved));
  const { uptimeSeconds } = await client.status();
  expect(uptimeSeconds).toBeGreaterThanOrEqual(0);
  expect(uptimeSeconds).toBeLessThan(DAY / 1000);
  await client.close();
  await server.stop({ drain: 0 });
});
