/** A server whose socket somebody else opened, as systemd does. */
import { afterAll, expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import type { Address } from "../../src/net/transport.ts";
import { openShared } from "../../src/net/handover.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { environment, SERVER, Written } from "./support.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());
folder.folder("library");

const onLinux = test.skipIf(process.platform !== "linux");

/** The server, with a descriptor as its fourth: what it finds at its start. */
function start(fd: number | "ignore" | "pipe", flags: readonly string[], count = "1") {
  const shell = `LISTEN_PID=$$ LISTEN_FDS=${count} exec "$@"`;
  const command = [SERVER, "server", folder.at("library"), ...flags];
  return Bun.spawn(["/bin/sh", "-c", shell, "sh", ...command], {
    env: environment(),
    stdio: ["ignore", "pipe", "pipe", fd],
  });
}

const WAYS = [[], ["--workers", "2"], ["--model", "processes"], ["--model", "threads"]];
const WHERE: readonly Address[] = [
  { hostname: "127.0.0.1", port: 0 },
  { hostname: "::1", port: 0 },
  { unix: folder.at("socket") },
];

for (const flags of WAYS) {
  onLinux(`serves on a socket that was passed: ${flags.join(" ") || "event loop"}`, async () => {
    for (const where of flags.length === 0 ? WHERE : WHERE.slice(0, 1)) {
      const socket = openShared(where);
      try {
        // It waits in the backlog until there is a server; so does who comes between two of them.
        const early = connect(socket.address);
        for (let n = 0; n < 2; n += 1) {
          await using server = start(socket.fd, flags);
          const ready = await new Written(server.stdout as ReadableStream<Uint8Array>).until("\n");
          expect(ready).toBe(`leat listening on ${socket.address}\n`);
          await using leat = n === 0 ? await early : await connect(socket.address);
          await leat.ping();
          server.kill("SIGTERM");
          expect(await server.exited).toBe(0);
        }
      } finally {
        socket.close();
      }
    }
  });
}

onLinux("a socket that was passed and cannot be used is refused", async () => {
  const refused = async (
    fd: number | "ignore" | "pipe",
    flags: readonly string[],
    count?: string,
  ) => {
    await using server = start(fd, flags, count);
    const [code, said] = await Promise.all([
      server.exited,
      (server.stderr as ReadableStream<Uint8Array> & { text(): Promise<string> }).text(),
    ]);
    expect(code).not.toBe(0);
    return said;
  };
  const socket = openShared({ hostname: "127.0.0.1", port: 0 });
  const open = openShared({ hostname: "0.0.0.0", port: 0 });
  try {
    expect(await refused(socket.fd, ["--port", "1"])).toMatch(/--port has no effect/);
    expect(await refused(socket.fd, [], "2")).toMatch(/2 sockets were passed/);
    expect(await refused(open.fd, [])).toMatch(/0\.0\.0\.0 can be reached .* --allow-anonymous/);
    expect(await refused("ignore", [])).toMatch(/descriptor 3, which was passed, is no socket/);
    // As a unit with Accept=yes passes one.
    expect(await refused("pipe", [])).toMatch(/does not listen: the unit needs Accept=no/);
  } finally {
    socket.close();
    open.close();
  }
});
