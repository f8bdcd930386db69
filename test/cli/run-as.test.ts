/** `--run-as`: a server that root starts serves as another user. */
import { chmodSync, chownSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { Authority } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { createUsers } from "../support/users.ts";
import { LAUNCHER, RunningServer, client, expectFailure, run } from "./support.ts";

const isRoot = process.getuid?.() === 0 && process.platform === "linux";
const asRoot = test.skipIf(!isRoot);
/** Of every system. */
const USER = "nobody";

async function idOf(kind: "-u" | "-g"): Promise<number> {
  return Number((await run(["id", kind, USER])).stdout);
}

/** A library of the user. */
async function libraryOf(folder: TemporaryFolder): Promise<string> {
  chmodSync(folder.path, 0o755);
  const library = folder.folder("library");
  chownSync(library, await idOf("-u"), await idOf("-g"));
  return library;
}

asRoot("opens a port below 1024 and reads the key, then has no right of root", async () => {
  using folder = new TemporaryFolder();
  const library = await libraryOf(folder);
  chmodSync(folder.file("library/secret", "of root"), 0o600);
  const authority = new Authority();
  const { certFile, keyFile } = authority.issue({ name: "server", alternatives: "IP:127.0.0.9" });
  const tls = ["--tls-cert", certFile, "--tls-key", keyFile];
  await using server = await RunningServer.start([
    library,
    "--host",
    "127.0.0.9",
    "--port",
    "799",
    "--run-as",
    USER,
    ...tls,
  ]);
  const [uid, gid] = [await idOf("-u"), await idOf("-g")];
  const { pid } = server.child;
  const leat = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0] || `${pid}`;
  const rights = readdirSync(`/proc/${leat}/task`).map((thread) => {
    const status = readFileSync(`/proc/${leat}/task/${thread}/status`, "utf8");
    return ["Uid", "Gid", "Groups", "CapEff", "CapPrm"].map(
      (name) => new RegExp(`^${name}:\\s*(.*?)\\s*$`, "m").exec(status)?.[1],
    );
  });
  const none = "0".repeat(16);
  const wanted = [
    `${uid}\t${uid}\t${uid}\t${uid}`,
    `${gid}\t${gid}\t${gid}\t${gid}`,
    `${gid}`,
    none,
    none,
  ];
  expect(rights).toEqual(rights.map(() => wanted));
  const address = "tls://127.0.0.9:799";
  const trust = ["--ca", authority.certFile];
  const file = folder.file("file", "contents");
  expect((await client(address, ["upload", file, ...trust])).code).toBe(0);
  expect(statSync(`${library}/file`).uid).toBe(uid);
  const secret = await client(address, ["get", "secret", "-o", folder.at("got"), ...trust]);
  expectFailure(secret, 14, /PERMISSION_DENIED/);
});

asRoot("reads the users again on SIGHUP, also where the key is for root alone", async () => {
  using folder = new TemporaryFolder();
  const library = await libraryOf(folder);
  const authority = new Authority();
  const { certFile, keyFile } = authority.issue({ name: "server", alternatives: "IP:127.0.0.1" });
  const key = folder.file("key.pem", readFileSync(keyFile));
  chmodSync(key, 0o600);
  const cert = folder.file("cert.pem", readFileSync(certFile));
  const users = createUsers(folder, { alice: {}, bob: {} });
  const owner = [await idOf("-u"), await idOf("-g")] as const;
  chownSync(users.path, ...owner);
  const tls = ["--tls-cert", cert, "--tls-key", key];
  const args = [library, "--port", "0", "--run-as", USER, "--users", users.path, ...tls];
  await using server = await RunningServer.start(args);
  const list = (user: string) =>
    client(server.address, ["list", "--ca", authority.certFile], {
      env: { LEAT_TOKEN: users.token(user) },
    });
  expect((await list("alice")).code).toBe(0);
  users.write({ bob: {} });
  chownSync(users.path, ...owner);
  const after = server.stderr.text.length;
  server.child.kill("SIGHUP");
  const log = await server.stderr.until("the users: renewed", after);
  expect(log).toMatch(/warn {2}the certificate: as before .*cannot read --tls-key/);
  expectFailure(await list("alice"), 15, /UNAUTHENTICATED/);
  expect((await list("bob")).code).toBe(0);
});

asRoot("does so in each worker", async () => {
  using folder = new TemporaryFolder();
  const library = await libraryOf(folder);
  const args = [library, "--port", "0", "--run-as", USER, "--workers", "2"];
  await using server = await RunningServer.start(args);
  expect((await client(server.address, ["mkdir", "made"])).code).toBe(0);
  expect(statSync(`${library}/made`).uid).toBe(await idOf("-u"));
});

asRoot("does so for the one client of --stdio", async () => {
  using folder = new TemporaryFolder();
  chmodSync(folder.folder("library"), 0o700);
  const args = [folder.at("library"), "--stdio", "--run-as", USER];
  const ran = await run([LAUNCHER, "server", ...args], { stdin: "" });
  expect([ran.code, ran.stderr]).toEqual([14, expect.stringMatching(/cannot serve the folder/)]);
});

asRoot.each([
  ["nothing", false],
  ["groups", true],
  ["gid", true],
  ["uid", true],
  ["capabilities", true],
])("sees %s of root that a thread still has", async (left, isSeen) => {
  const fixture = join(import.meta.dir, "run-as-thread.ts");
  const ran = await run([process.execPath, fixture, `${await idOf("-u")}`, left]);
  expect(ran).toEqual({ code: 0, stdout: `${isSeen}\n`, stderr: "" });
});

asRoot.each([
  ["no-such-user", 12, /there is no user "no-such-user"/],
  ["root", 10, /is root itself/],
] as const)("refuses %s", async (user, code, why) => {
  using folder = new TemporaryFolder();
  const ran = await run([LAUNCHER, "server", folder.path, "--port", "0", "--run-as", user]);
  expectFailure(ran, code, why);
});

asRoot("is refused to others, unless they are that user already", async () => {
  using folder = new TemporaryFolder();
  const uid = `${await idOf("-u")}`;
  const script = ["setpriv", "--reuid", uid, "--clear-groups", LAUNCHER, "server", folder.path];
  const ran = await run([...script, "--port", "0", "--run-as", "daemon"]);
  expectFailure(ran, 14, /only root can become another user/);
});
