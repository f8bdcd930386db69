/** File systems that do not say how much is free are not full; how the server is can be asked always. */
import { describe, expect, test } from "bun:test";
import { readFileSync, statfsSync, writeFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { client as command, environment, SERVER, Written } from "../cli/support.ts";
import { refusal } from "../support/refusal.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Mounted, noMount } from "../support/mounted.ts";
import { startServer } from "../support/served.ts";
import { addressIn } from "../support/tls.ts";
import { flagsBeside } from "../support/ways.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";

const noRamfs = noMount("ramfs");
const straceless = noStrace();
const BYTES = Buffer.alloc(3 * MiB, "leat");

const named = (what: string, why: string | undefined): string =>
  why === undefined ? what : `${what} [${why}]`;

describe.skipIf(noRamfs !== undefined)(named("a file system with 0 blocks", noRamfs), () => {
  test.each([
    ["a small file", BYTES.subarray(0, 10)],
    ["a long one", BYTES],
  ])("takes %s", async (_what, bytes) => {
    using ramfs = new Mounted("ramfs");
    expect(statfsSync(ramfs.path).blocks).toBe(0);
    await using server = await startServer({ library: ramfs.path });
    await using client = await connect(server.address);
    await client.put("file", bytes);
    expect(readFileSync(ramfs.at("file")).equals(bytes)).toBe(true);
    await client.put("file", bytes, { ifExists: "replace" });
    expect((await client.status()).freeBytes).toBeUndefined();
  });

  test("takes downloads, files of a tree too", async () => {
    using library = new TemporaryFolder();
    using ramfs = new Mounted("ramfs");
    library.file("tree/long", BYTES);
    library.file("tree/small", "small");
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    await client.download("tree/long", ramfs.at("long"));
    const outcomes = await Array.fromAsync(client.getTreeOutcomes("tree", ramfs.at("tree")));
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(readFileSync(ramfs.at("long")).equals(BYTES)).toBe(true);
    expect(readFileSync(ramfs.at("tree/long")).equals(BYTES)).toBe(true);
  });

  test("is unknown to `status`, not empty", async () => {
    using ramfs = new Mounted("ramfs");
    await using server = await startServer({ library: ramfs.path });
    const { code, stdout } = await command(server.address, ["status"]);
    expect({ code, free: /^free +(.*)$/m.exec(stdout)?.[1] }).toEqual({ code: 0, free: "unknown" });
    const json = await command(server.address, ["status", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ freeBytes: null });
  });
});

test.skipIf(straceless !== undefined)(
  named("a file system that refuses to say takes a file, too", straceless),
  async () => {
    using folder = new TemporaryFolder();
    const how = ["-qq", "-o", "/dev/null", "-e", "inject=statfs,fstatfs:error=ENOSYS"];
    await using server = await StracedServer.start(folder.path, how);
    await using client = await connect(server.address);
    await client.put("file", BYTES);
    expect((await client.status()).freeBytes).toBeUndefined();
  },
);

const noTmpfs = noMount();

test.skipIf(noTmpfs !== undefined)(
  named("one that has no room left says 0, and refuses", noTmpfs),
  async () => {
    using tmpfs = new Mounted("tmpfs", "size=64k");
    await using server = await startServer({ library: tmpfs.path });
    await using client = await connect(server.address);
    expect((await refusal(client.put("file", BYTES))).code).toBe("NO_SPACE");
    writeFileSync(tmpfs.at("fill"), new Uint8Array(statfsSync(tmpfs.path).bavail * 4096));
    expect((await client.status()).freeBytes).toBe(0);
  },
);

const huge = "size=9223372036854771712";
const noHuge = noMount("tmpfs", huge);

test.skipIf(noHuge !== undefined)(
  named("one that has more room than a frame can say has at least that", noHuge),
  async () => {
    using tmpfs = new Mounted("tmpfs", huge);
    await using server = await startServer({ library: tmpfs.path });
    await using client = await connect(server.address);
    await client.put("file", BYTES);
    expect((await client.status()).freeBytes).toBe(Number.MAX_SAFE_INTEGER);
  },
);

const noLimits =
  process.platform === "linux" && Bun.which("prlimit") !== null ? undefined : "there is no prlimit";

test.skipIf(noLimits !== undefined)(
  named("a server that can open no file more says how it is", noLimits),
  async () => {
    using folder = new TemporaryFolder();
    const flags = ["--port", "0", "--model", "event-loop"]; // the limit is that of one process
    await using child = Bun.spawn(
      [SERVER, "server", folder.path, ...flags, ...flagsBeside(flags)],
      {
        env: environment(),
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
      },
    );
    const ready = await new Written(child.stdout).until("\n");
    await using client = await connect(addressIn(ready));
    await client.status();
    expect(Bun.spawnSync(["prlimit", `--pid=${child.pid}`, "--nofile=3:"]).exitCode).toBe(0);
    const status = await client.status();
    expect(status).toMatchObject({ connections: 1, streams: 1, readOnly: false });
    expect(status.freeBytes).toBeGreaterThan(0);
    expect((await refusal(client.put("file", new Uint8Array(3)))).code).toBe("RESOURCE_EXHAUSTED");
  },
);
