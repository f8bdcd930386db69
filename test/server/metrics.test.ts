/** The counts that a server tells: they add up over all that serve, and never fall. */
import { describe, expect, test } from "bun:test";
import { connect, createServer, type Server } from "../../src/index.ts";
import { descendants } from "../support/held.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { WAYS, optionsOf } from "../support/ways.ts";
import { until } from "../support/until.ts";

/** @returns by name and labels, as they are written */
async function read(server: Server): Promise<Map<string, number>> {
  const lines = (await server.metrics()).trimEnd().split("\n");
  const samples = lines.filter((line) => !line.startsWith("#")).map((line) => line.split(" "));
  for (const sample of samples) expect(sample).toHaveLength(2);
  return new Map(samples.map(([name, value]) => [name!, Number(value)]));
}

describe.each(WAYS)("with %s, the counts of a server", (way) => {
  test("have all requests, connections and bytes", async () => {
    using library = new TemporaryFolder();
    library.file("a.txt", "0123456789");
    await using server = await createServer({ library: library.path, ...optionsOf(way) });
    for (let round = 0; round < 3; round += 1) {
      await using client = await connect(server.address);
      expect(await (await client.get("a.txt")).text()).toBe("0123456789");
      await client.put(`b${round}`, Buffer.from("12345"));
      expect(await client.stat("nope").catch((error) => error.code)).toBe("NOT_FOUND");
    }
    await until(async () => (await read(server)).get("leat_connections") === 0);
    const counts = await read(server);
    const expected = {
      'leat_requests_total{operation="get",code="OK"}': 3,
      'leat_requests_total{operation="put",code="OK"}': 3,
      'leat_requests_total{operation="stat",code="NOT_FOUND"}': 3,
      'leat_request_duration_seconds_bucket{operation="get",le="+Inf"}': 3,
      'leat_request_duration_seconds_count{operation="get"}': 3,
      leat_sent_bytes_total: 30,
      leat_received_bytes_total: 15,
      leat_connections_accepted_total: 3,
      leat_streams: 0,
      leat_open_files: 0,
    };
    for (const [name, value] of Object.entries(expected))
      expect([name, counts.get(name)]).toEqual([name, value]);
    expect(counts.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
    const seconds = counts.get('leat_request_duration_seconds_sum{operation="get"}')!;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(60);
  });
});

test("what a worker has counted outlives it", async () => {
  using library = new TemporaryFolder();
  await using server = await createServer({ library: library.path, ...optionsOf("workers") });
  {
    await using client = await connect(server.address);
    await client.makeDirectory("a");
  }
  const made = 'leat_requests_total{operation="makeDirectory",code="OK"}';
  await until(async () => (await read(server)).get(made) === 1);
  for (const pid of descendants(process.pid)) process.kill(pid, "SIGKILL");
  await until(async () => (await read(server)).get("leat_workers_lost_total") === 2);
  expect((await read(server)).get(made)).toBe(1);
  expect(await server.replaceWorkers()).toBe(2);
  expect((await read(server)).get(made)).toBe(1);
});
