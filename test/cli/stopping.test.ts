/** Servers that are told to stop, or to be replaced, while transfers are under way. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { connect, type LeatError } from "../../src/index.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { PARTIALS } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { addressIn } from "../support/tls.ts";
import { flagsBeside, flagsOf, WAYS } from "../support/ways.ts";
import { environment, expectFailure, run, SERVER, Written } from "./support.ts";
import { until } from "../support/until.ts";

/** A server, as one process: `bun run` would be a second one. */
class Running implements AsyncDisposable {
  readonly library = new TemporaryFolder();
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly log: Written;
  address = "";

  private constructor(flags: readonly string[]) {
    const how = ["--port", "0", ...flags, ...flagsBeside(flags)];
    const command = [SERVER, "server", this.library.path, ...how];
    const options = { stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const;
    this.child = Bun.spawn(command, { env: environment(), ...options });
    this.log = new Written(this.child.stderr);
  }

  static async start(...flags: readonly string[]): Promise<Running> {
    const running = new Running(flags);
    const ready = await new Written(running.child.stdout).until("\n");
    running.address = addressIn(ready);
    return running;
  }

  /** Bytes of each partial. */
  get partials(): number[] {
    const folder = this.library.at(PARTIALS);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((name) => statSync(`${folder}/${name}`).size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
    this.library[Symbol.dispose]();
  }
}

test.each([...WAYS])("%s: what is under way when it is told to stop is finished", async (way) => {
  await using server = await Running.start(...flagsOf(way));
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  async function* slowly(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 3; n += 1) yield new Uint8Array(MiB);
    await goOn;
    yield Uint8Array.of(1);
  }
  await using client = await connect(server.address);
  const upload = client.put("x", slowly());
  await until(() => server.partials.some((size) => size >= MiB));
  server.child.kill("SIGTERM");
  await until(() => client.isOver);
  // Nobody new is accepted. A connection that the kernel took before the listener closed is lost.
  const refused = await connect(server.address).catch((thrown: LeatError) => thrown.code);
  expect(["UNAVAILABLE", "CONNECTION_LOST"]).toContain(refused as string);
  expect(existsSync(server.library.at("x"))).toBe(false);
  resolve();
  expect((await upload).durability).toBe("fsync");
  expect(await server.child.exited).toBe(0);
  expect(readFileSync(server.library.at("x")).length).toBe(3 * MiB + 1);
});

test.each(["event-loop", "workers"] as const)(
  "%s: what is not finished by then is kept for another try",
  async (way) => {
    await using server = await Running.start(...flagsOf(way), "--drain", "0.2s");
    const port = Number(server.address.split(":").at(-1));
    using proxy = new FaultProxy(port, () => ({ stallUp: 5 * MiB }));
    await using client = await connect(proxy.address);
    const upload = client.put("x", new Blob([new Uint8Array(8 * MiB)]));
    upload.catch(() => {});
    await until(() => server.partials.some((size) => size >= 4 * MiB));
    server.child.kill("SIGTERM");
    expect(await upload.catch((thrown: LeatError) => thrown.code)).toBe("UNAVAILABLE");
    expect(await server.child.exited).toBe(0);
    expect(server.partials).toEqual([4 * MiB]);
  },
);

test("a server without workers says that there is nothing to replace, and serves on", async () => {
  await using server = await Running.start("--model", "event-loop");
  await using client = await connect(server.address);
  server.child.kill("SIGUSR2");
  await server.log.until("there are no workers to replace");
  await client.ping();
});

test("a --drain that is no time is refused", async () => {
  using folder = new TemporaryFolder();
  const refused = await run([SERVER, "server", folder.path, "--drain", "soon"]);
  expectFailure(refused, 2, /--drain .*a number of seconds/);
});
