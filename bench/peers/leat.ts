/** leat, asked by its own command line. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/index.ts";
import { CIPHER, certificateOf, checkCipher } from "./certificate.ts";
import type { Client, Competitor, Entry, Files } from "./competitor.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

/** The executable, as `bun run build` makes it. */
export function buildLeat(site: Site): string {
  const executable = join(site.etc, "leat");
  const script = join(import.meta.dir, "../../scripts/build.ts");
  if (existsSync(executable)) return executable;
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, script, executable]);
  if (exitCode !== 0) throw new Error(`cannot build leat: ${stderr.toString()}`);
  return executable;
}

type Durability = "none" | "fsync";

/** One competitor does not wait for the disk, as the peers do not; the one with fsync is the default. */
export async function leat(site: Site, durability: Durability): Promise<Entry> {
  const who = durability === "none" ? "leat" : "leat, fsync";
  const { server, port, executable } = await startServer(
    site,
    `leat-${durability}`,
    durability,
    "--max-connections-per-address=1024", // all idle connections come from here
  );
  const competitor: Competitor = {
    who,
    server: server.group,
    client: leatClient(executable, `127.0.0.1:${port}`, durability),
    ...(durability === "none"
      ? { note: "checksums compared" }
      : { note: "checksums compared, files synced", kinds: ["one file", "parts", "small files"] }),
  };
  return {
    competitors: [competitor],
    ...(durability === "none" && {
      idle: {
        who,
        server: server.group,
        state: "welcomed",
        open: () => connect(`127.0.0.1:${port}`),
      },
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The same with the kernel's help, which a client of another machine has by default. */
export async function leatWithKernelCopy(site: Site): Promise<Entry> {
  const { server, port, executable } = await startServer(
    site,
    "leat-copy",
    "none",
    "--kernel-copy=on",
  );
  const competitor: Competitor = {
    who: "leat, kernel copy",
    server: server.group,
    client: leatClient(executable, `127.0.0.1:${port}`, "none"),
    note: "checksums compared",
    kinds: ["one file", "parts"],
  };
  return {
    competitors: [competitor],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The same over TLS. @throws when it agrees on another cipher with its client than the peers */
export async function leatOverTls(site: Site): Promise<Entry> {
  const { cert, key } = certificateOf(site);
  const flags = [`--tls-cert=${cert}`, `--tls-key=${key}`];
  const { server, port, executable } = await startServer(site, "leat-tls", "none", ...flags);
  await checkCipher(server, cert, "leat/1");
  const competitor: Competitor = {
    who: "leat",
    server: server.group,
    client: leatClient(executable, `tls://127.0.0.1:${port}`, "none", `--ca=${cert}`),
    note: `${CIPHER}, checksums compared`,
  };
  return {
    competitors: [competitor],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** @param more of its flags */
export async function startServer(
  site: Site,
  name: string,
  durability: Durability,
  ...more: string[]
) {
  const port = freePort();
  const executable = buildLeat(site);
  const flags = [`--port=${port}`, `--durability=${durability}`, "--log-level=error", ...more];
  const argv = [executable, "server", site.library, ...flags];
  return { port, executable, server: await PeerServer.start(site, name, port, argv) };
}

/** @param flags more of them */
export function leatClient(
  executable: string,
  server: string,
  durability: Durability,
  ...flags: string[]
): Client {
  const start = [executable, "client", "--server", server, "--quiet", ...flags];
  return {
    download({ path, names, whole }: Files, to: string) {
      const get = [...start, "get", `--to=${to}/`, `--durability=${durability}`];
      const remotes = names.map((name) => `${path}/${name}`);
      return { argv: whole ? [...get, "-r", `${path}/.`] : [...get, ...remotes] };
    },
    upload({ folder, names, whole }: Files, to: string) {
      const upload = [...start, "upload", `--to=${to}/`];
      return { argv: whole ? [...upload, "-r", "."] : [...upload, ...names], cwd: folder };
    },
    list: (path: string) => ({ argv: [...start, "list", "--long", path] }),
  };
}
