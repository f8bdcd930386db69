/** Libraries that are reached by ssh: with a real ssh and sshd where they are installed, and with a script in their place. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type Client, connect, type LeatError } from "../../src/index.ts";
import { CLIENT, PACKAGE, quietly, run, SERVER } from "../cli/support.ts";
import { contents } from "../support/contents.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { fakeSsh, isAlive, pipeSsh, processesWith, realSsh, type Ssh } from "../support/ssh.ts";
import { until } from "../support/until.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const FAKE = fakeSsh(folder);
const REAL = await realSsh(folder);
if (REAL === undefined) console.warn("no sshd that works is installed: its tests are skipped");
const KINDS: [string, Ssh][] = [
  ["a script", FAKE],
  ["a script with pipes", pipeSsh(folder)],
];
if (REAL !== undefined) KINDS.push(["ssh", REAL]);

const LONG = contents(16 << 20, 77);
let libraries = 0;

/** A folder to serve, of a name that no other test has. */
function library(name = "library"): { path: string; url: string } {
  const path = folder.folder(`${name} ${libraries++}`);
  return { path, url: `ssh://localhost${encodeURI(path).replaceAll("#", "%23")}` };
}

const by = ({ command }: Ssh, remoteLeat: string = SERVER) => ({ ssh: { command, remoteLeat } });

/** `leat client`, with the flags for ssh. */
const leat = (ssh: Ssh, url: string, args: readonly string[], remoteLeat: string = SERVER) =>
  run([CLIENT, "client", ...flags(ssh, url, remoteLeat), ...args]);

const flags = (ssh: Ssh, url: string, remoteLeat: string): string[] => [
  "--server",
  url,
  "--ssh",
  ssh.command[0]!,
  "--remote-leat",
  remoteLeat,
];

describe.each(KINDS)("by %s", (_name, ssh) => {
  test("files come and go, and the server ends with its client", async () => {
    const { path, url } = library();
    const client = await connect(url, by(ssh));
    const receipt = await client.put("long", LONG);
    expect(receipt.entry.size).toBe(LONG.length);
    expect(Buffer.compare(readFileSync(`${path}/long`), LONG)).toBe(0);
    expect(Buffer.compare(await (await client.get("long")).bytes(), LONG)).toBe(0);
    const [server] = await processesWith(`server --stdio -- ${path}`);
    expect(server).toBeDefined();
    await client.close();
    await until(() => ssh.pids().every((pid) => !isAlive(pid)));
    await until(async () => (await processesWith(`--stdio -- ${path}`)).length === 0);
  });

  test("no word of a path is read by a shell", async () => {
    const names = [
      "a 'b' \"c\" $(touch made) `touch made` $HOME \\ \\\\ * ~ ! ; & | > < # %41 é \u00a0",
      "two\nlines\n",
      "-rf",
    ];
    for (const name of names) {
      const { path, url } = library(name);
      await using client = await connect(url, by(ssh));
      await client.put("f", Buffer.from("here"));
      expect(readFileSync(`${path}/f`, "utf8")).toBe("here");
    }
    expect(existsSync("made")).toBe(false);
  });

  test("a call that is given up while ssh connects ends ssh", async () => {
    const { url } = library();
    const signal = AbortSignal.timeout(300);
    const error = await refusal(connect(url, { ...by(ssh, "cat >/dev/null;"), signal }));
    expect(error.code).toBe("DEADLINE_EXCEEDED");
    await until(() => ssh.pids().every((pid) => !isAlive(pid)));
  });

  test("the command gets, and shows what the other machine says", async () => {
    const { path, url } = library();
    await Bun.write(`${path}/f`, "text");
    const ran = await leat(ssh, url, ["get", "f", "--to", "-"], `echo beware >&2; ${SERVER}`);
    expect(ran).toEqual({ code: 0, stdout: "text", stderr: "localhost: beware\n" });
  });

  test("Ctrl-C ends ssh and the server", async () => {
    const { path, url } = library();
    await Bun.write(`${path}/long`, LONG);
    const words = [CLIENT, "client", ...flags(ssh, url, SERVER), "get", "long", "--to", "-"];
    const child = Bun.spawn(words, { stdio: ["ignore", "pipe", "pipe"] });
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    await until(() => ssh.pids().every((pid) => !isAlive(pid)));
    await until(async () => (await processesWith(`--stdio -- ${path}`)).length === 0);
  });
});

describe.each(KINDS.filter(([, { isOne }]) => isOne))(
  "by %s, whose end ends the connection,",
  (_name, ssh) => {
    test.each<[string, string, string, LeatError["code"], RegExp]>([
      ["no leat there", "no-such-leat", "", "UNIMPLEMENTED", /no leat .*: .*not found/],
      [
        "a noisy login",
        `echo Welcome to this place; ${SERVER}`,
        "",
        "PROTOCOL_ERROR",
        /Welcome to/,
      ],
      [
        "an older leat",
        "echo \"error: unknown option '--stdio'\" >&2; exit 2;",
        "",
        "VERSION_UNSUPPORTED",
        /older/,
      ],
      ["no such folder", SERVER, "/missing", "INVALID_ARGUMENT", /missing": there is no such/],
      ["ssh fails", "exit 255;", "", "UNAVAILABLE", /ssh cannot connect to localhost/],
    ])("says what is wrong: %s", async (_what, remoteLeat, below, code, message) => {
      const { url } = library();
      const error = await refusal(connect(url + below, by(ssh, remoteLeat)));
      expect(error.message).toMatch(message);
      expect([error.code, error.retryable]).toEqual([code, remoteLeat.startsWith("exit")]);
    });

    test("a transfer continues over another ssh when one is killed", async () => {
      const { path, url } = library();
      await Bun.write(`${path}/long`, LONG);
      const before = ssh.pids().length;
      // With `exec` the script becomes the server, and the connection is lost when it is killed.
      const options = by(ssh, `exec ${SERVER}`);
      await using client = await connect(url, { ...options, retry: 20_000 });
      let killed = false;
      const kill = (bytes: number): void => {
        const pid = ssh.pids().findLast(isAlive);
        if (killed || bytes < 4 << 20 || pid === undefined) return;
        killed = true;
        process.kill(pid, "SIGKILL");
      };
      const copy = folder.at("copy");
      await client.download("long", copy, { onProgress: kill });
      expect(Buffer.compare(readFileSync(copy), LONG)).toBe(0);
      killed = false;
      await client.put("back", LONG, { onProgress: kill });
      expect(Buffer.compare(readFileSync(`${path}/back`), LONG)).toBe(0);
      expect([killed, ssh.pids().length - before]).toEqual([true, 3]);
    });
  },
);

test.skipIf(REAL === undefined)("a forced command decides what is served, and how", async () => {
  const { path } = library("forced");
  await Bun.write(`${path}/f`, "text");
  const forced = `${SERVER} server '${path}' --stdio --read-only`;
  const ssh = (await realSsh(folder, forced))!;
  await using client: Client = await connect("ssh://localhost/etc", by(ssh));
  expect(await (await client.get("f")).text()).toBe("text");
  const error = await refusal(client.put("g", Buffer.from("x")));
  expect(error.code).toBe("READ_ONLY");
});

test.each([
  ["ssh://", /no host/],
  ["ssh:///x", /no host/],
  ["ssh://-oProxyCommand=x/y", /host "-oProxyCommand=x"/],
  ["ssh://-l@host/y", /user "-l"/],
  ["ssh://a b/y", /host "a b"/],
  ["ssh://a;b/y", /host "a;b"/],
  ["ssh://host:0/y", /"0" is not a port/],
  ["ssh://host:65536/y", /"65536" is not a port/],
  ["ssh://host/%zz", /%25 is a % itself/],
  ["ssh://host/%00", /NUL/],
])("%s is refused", async (address, message) => {
  const error = await refusal(connect(address));
  expect([error.code, message.test(error.message)]).toEqual(["INVALID_ARGUMENT", true]);
});

test("nothing stays open of connections that are closed, or never came about", async () => {
  const { url } = library();
  const open = (): number => openUnder("socket:").length + openUnder("pipe:").length;
  const use = async (): Promise<void> => {
    const client = await connect(url, by(FAKE));
    await client.close();
    await refusal(connect(url, by(FAKE, "exit 3;")));
    await refusal(connect(url, { ssh: { command: ["no-such-ssh"] } }));
  };
  await use(); // the runtime keeps some of its own
  const before = open();
  for (let i = 0; i < 5; i++) await use();
  await until(() => open() <= before, open);
});

test("a program ends, although ssh has left a process behind that holds its stderr", async () => {
  const { url } = library();
  const left = folder.at("left");
  const leaves = `sleep 60 </dev/null >/dev/null & echo $! >'${left}'; ${SERVER}`;
  const options = JSON.stringify(by(FAKE, leaves));
  const program = `
    import { connect } from "${PACKAGE}/src/index.ts";
    await using client = await connect(${JSON.stringify(url)}, ${options});
    await client.ping();`;
  const ran = await run([process.execPath, "-e", program]);
  const pid = Number(readFileSync(left, "utf8"));
  expect([ran, isAlive(pid)]).toEqual([quietly(), true]);
  process.kill(pid);
});

test("where ssh is missing, that is said", async () => {
  const error = await refusal(connect("ssh://host/x", { ssh: { command: ["no-such-ssh"] } }));
  expect(error.message).toContain('no program "no-such-ssh"');
});

test("a server for one client takes no flags of one that listens, and wants pipes", async () => {
  const { path } = library();
  mkdirSync(path, { recursive: true });
  const listening = await run([SERVER, "server", path, "--stdio", "--port", "0"], { stdin: "" });
  expect([listening.code, listening.stdout]).toEqual([2, ""]);
  const nothing = await run([SERVER, "server", path, "--stdio"]);
  expect([nothing.code, nothing.stdout]).toEqual([10, ""]);
});
