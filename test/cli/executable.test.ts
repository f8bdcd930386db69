/** leat as one executable: `bun run build`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { openIn } from "../support/held.ts";
import { fakeSsh, processesWith } from "../support/ssh.ts";
import { until } from "../support/until.ts";
import { PACKAGE, Served, run } from "./support.ts";

let folder: TemporaryFolder;
let executable: string;

/** In the environment of a process that leaves out the last compiler. */
const LEFT_OUT = "BUN_JSC_useFTLJIT=0";

beforeAll(async () => {
  folder = new TemporaryFolder();
  executable = folder.at("leat");
  const built = await run([process.execPath, join(PACKAGE, "scripts/build.ts"), executable]);
  expect(built.stderr).toBe("");
});
afterAll(() => folder[Symbol.dispose]());

test.each([["event-loop"], ["iterative"], ["processes"], ["threads"], ["workers"]])(
  "serves with the model %s, with no file of leat beside it",
  async (model) => {
    using here = new TemporaryFolder();
    here.file("library/a.txt", "contents");
    const how = model === "workers" ? ["--workers", "2"] : ["--model", model];
    const argv = [executable, "server", here.at("library"), "--port", "0", ...how];
    const child = Bun.spawn(argv, { cwd: here.path, stderr: "ignore" });
    try {
      const { value } = await child.stdout.getReader().read();
      const address = new TextDecoder().decode(value).match(/listening on (\S+)/)?.[1] ?? "";
      const got = await run([executable, "client", "--server", address, "get", "a.txt"], {
        cwd: here.path,
      });
      expect(got.code).toBe(0);
      expect(readFileSync(here.at("a.txt"), "utf8")).toBe("contents");
    } finally {
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    }
  },
);

test("runs nothing and reads nothing of the folder it is started in", async () => {
  await using served = await Served.start();
  using here = new TemporaryFolder();
  here.file("bunfig.toml", 'preload = ["./preload.ts"]\n');
  here.file("preload.ts", 'require("node:fs").writeFileSync("preloaded", "")');
  here.file(".env", "LEAT_SERVER=127.0.0.1:1\nLEAT_ALL=maybe\n");
  const args = ["client", "--server", served.server.address, "list", "-q"];
  const ran = await run([executable, ...args], { cwd: here.path });
  expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(existsSync(here.at("preloaded"))).toBe(false);
});

test("hands the words of a command on as they are when it moves a tree", async () => {
  await using served = await Served.start();
  served.library.file("two words/$HOME *.txt", "contents");
  using here = new TemporaryFolder();
  const args = ["--server", served.server.address, "get", "-r", "two words", "--to", "a b"];
  const ran = await run([executable, "client", ...args], { cwd: here.path });
  expect(ran.code).toBe(0);
  expect(readFileSync(here.at("a b/$HOME *.txt"), "utf8")).toBe("contents");
});

test.skipIf(process.platform !== "linux")(
  "leaves out a compiler where trees are moved, in the process that was started",
  async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    using here = new TemporaryFolder();
    here.file("tree/file", "contents");
    for (const [command, isLeftOut] of [
      ["get -r folder", true],
      ["get --recursive folder", true],
      ["upload -r tree", true],
      ["sync tree :tree", true],
      ["get file", false],
      ["upload tree/file", false],
    ] as const) {
      const argv = [executable, "client", "--server", `127.0.0.1:${silent.port}`];
      const child = Bun.spawn([...argv, ...command.split(" ")], {
        cwd: here.path,
        stdout: "ignore",
        stderr: "ignore",
      });
      const connected = (): boolean =>
        openIn(child.pid).some((target) => target.startsWith("socket:"));
      await until(connected, () => openIn(child.pid));
      const environment = readFileSync(`/proc/${child.pid}/environ`, "utf8").split("\0");
      const found = environment.includes(LEFT_OUT);
      expect({ command, found }).toEqual({ command, found: isLeftOut });
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
    }
  },
);

test.skipIf(process.platform !== "linux")(
  "a server that ssh starts leaves it out, too, and serves its client",
  async () => {
    using here = new TemporaryFolder();
    here.file("library/a.txt", "contents");
    const library = here.at("library");
    const { command } = fakeSsh(here);
    const client = await connect(`ssh://localhost${encodeURI(library)}`, {
      ssh: { command, remoteLeat: executable },
    });
    // The shell that has started it is among them.
    const processes = await processesWith(`server --stdio -- ${library}`);
    const environments = processes.map((pid) => readFileSync(`/proc/${pid}/environ`, "utf8"));
    expect(environments.some((all) => all.split("\0").includes(LEFT_OUT))).toBe(true);
    expect(await (await client.get("a.txt")).text()).toBe("contents");
    await client.close();
  },
);
