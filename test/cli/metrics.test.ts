/** `leat server --metrics`: what watches a server, over HTTP. */
import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { client, expectFailure, run, RunningServer, SERVER } from "./support.ts";

test("a server tells its counts, and whether it serves", async () => {
  using folder = new TemporaryFolder();
  const library = folder.folder("library");
  await using started = await RunningServer.start([library, "--port", "0", "--metrics", "0"]);
  await started.stderr.until(/metrics on http:\S+\/metrics\n/);
  const [, url] = /metrics on (http:\S+)\/metrics\n/.exec(started.stderr.text)!;
  const ask = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return [response.status, await response.text(), response.headers.get("content-type")] as const;
  };
  expect((await client(started.address, ["mkdir", "a"])).code).toBe(0);
  const [status, text, type] = await ask("/metrics");
  expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  expect(text).toContain('\nleat_requests_total{operation="makeDirectory",code="OK"} 1\n');
  expect((await ask("/healthz")).slice(0, 2)).toEqual([200, "ok\n"]);
  expect((await ask("/readyz")).slice(0, 2)).toEqual([200, "ok\n"]);
  expect((await ask("/"))[0]).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: "POST", body: "x" })).status).toBe(413);
  renameSync(library, `${library}-away`);
  expect((await ask("/readyz"))[0]).toBe(503);
  expect((await ask("/healthz"))[0]).toBe(200);
  expect(await started.stop("SIGTERM")).toBe(0);
});

test.each([
  ["0.0.0.0:9464", /this machine only/],
  ["9464x", /a port, or an address and a port/],
  ["127.0.0.1:70000", /a port, or an address and a port/],
])("--metrics %s is refused", async (address, message) => {
  expectFailure(await run([SERVER, "server", "--metrics", address]), 2, message);
});

test("a port for metrics that is taken is refused", async () => {
  using folder = new TemporaryFolder();
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const args = [folder.path, "--port", "0", "--metrics", String(taken.port)];
  const { code, stdout, stderr } = await run([SERVER, "server", ...args]);
  expect([code, stdout]).toEqual([40, ""]);
  expect(stderr).toMatch(/leat server: cannot listen on \S+: it is taken;.*--metrics port/);
});
