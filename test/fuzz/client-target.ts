/** A real client, whose server's frames are damaged on their way: in memory, or over TCP. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "../../src/client/client.ts";
import { Link } from "../../src/client/connection/link.ts";
import { ReconnectingLink } from "../../src/client/connection/reconnecting-link.ts";
import { connect } from "../../src/client/connect.ts";
import { TreeError } from "../../src/client/trees/tree-summary.ts";
import { createRuntime } from "../../src/connection/runtime.ts";
import { LeatError } from "../../src/errors.ts";
import { listenBun } from "../../src/net/bun.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { PLACE } from "../chaos/run.ts";
import type { Random } from "../support/chop.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { sparseFile } from "../support/sparse.ts";
import { until } from "../support/until.ts";
import { CALLS, type Place } from "./calls.ts";
import { Growth } from "./growth.ts";
import { Deadline, LATE } from "./late.ts";
import { blowOf, drawBlows, Line, textOfBlow } from "./line.ts";
import { SECRET } from "./peer.ts";
import type { Way } from "./server-target.ts";
import { snapshot } from "./snapshot.ts";
import type { Target } from "./target.ts";

/** Milliseconds without a byte from either side, after which the server's side ends. */
const QUIET = 15;

export class ClientTarget implements Target {
  readonly name: string;
  readonly unit = "sequences";
  readonly atOnce = 16;
  readonly #way: Way;
  readonly #folder = new TemporaryFolder(PLACE);
  readonly #runtime = createRuntime();
  readonly #server: LeatServer;
  readonly #growth = new Growth();
  readonly #outside: string;
  #tried = 0;

  constructor(way: Way) {
    this.#way = way;
    this.name = way === "memory" ? "client" : "client, by TCP";
    const { path: folder } = this.#folder;
    this.#folder.file("outside/secret", SECRET);
    this.#folder.folder("local");
    this.#folder.file("library/a.txt", "a");
    this.#folder.file("library/big", "d".repeat(300_000));
    sparseFile(this.#folder.at("library/sparse"), 70 << 20, { [3 << 20]: "data" });
    this.#folder.file("library/dir/b.txt", "b".repeat(100));
    this.#folder.file("library/dir/deep/c.txt", "c".repeat(70_000));
    // On the client's side these names are links that lead out of the target.
    this.#folder.file("library/dir/link/e.txt", "e");
    this.#folder.file("library/dir/file", "f");
    for (let i = 0; i < 20; i += 1) this.#folder.file(`library/dir/many/${i}`, `${i}`);
    this.#outside = snapshot(join(folder, "outside"));
    const store = openDiskStore(join(folder, "library"));
    const host = new Host(store, { durability: "none" }, this.#runtime);
    this.#server = new LeatServer(host);
  }

  draw(random: Random): string {
    const call = random.pick(Object.keys(CALLS));
    return [...drawBlows(random).map(textOfBlow), call].join("\n");
  }

  async try(input: string): Promise<string | undefined> {
    const lines = input.split("\n");
    const call = CALLS[lines.pop()!]!;
    const line = new Line(lines.map(blowOf));
    const place = this.#place();
    try {
      const trying = this.#connected(line, (client) => call(client, place));
      const wrong = await ended(line, trying);
      return wrong ?? this.#escaped();
    } finally {
      line.close();
      rmSync(place.local, { recursive: true, force: true });
      rmSync(join(place.library, place.fresh), { recursive: true, force: true });
    }
  }

  async leftovers(): Promise<string | undefined> {
    await until(() => this.#server.connections === 0);
    const open = (): string[] => openUnder(this.#folder.at("local"));
    await until(() => open().length === 0, open);
    return this.#growth.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop({ drain: 0 });
    this.#folder[Symbol.dispose]();
  }

  #place(): Place {
    this.#tried += 1;
    const local = this.#folder.folder(`local/${this.#tried}`);
    mkdirSync(join(local, "t"));
    this.#folder.file(`local/${this.#tried}/t/large`, "l".repeat(200_000));
    this.#folder.file(`local/${this.#tried}/t/deep/small`, "s");
    symlinkSync("../../../outside", join(local, "t/link"));
    symlinkSync("../../../outside/secret", join(local, "t/file"));
    return { local, library: this.#folder.at("library"), fresh: `fresh-${this.#tried}` };
  }

  async #connected<T>(line: Line, use: (client: Client) => Promise<T>): Promise<T> {
    memoryPair(this.#server.accept, line.toServer);
    if (this.#way === "sockets") {
      await using listener = listenBun({ hostname: "127.0.0.1", port: 0 }, line.toClient);
      await using client = await connect(listener.address);
      return await use(client);
    }
    const opened = Promise.withResolvers<Link>();
    memoryPair(line.toClient, (transport) => {
      const link = new Link(transport, this.#runtime);
      opened.resolve(link);
      return link.connection;
    });
    const link = await opened.promise;
    await link.welcomed;
    await using client = createClient(new ReconnectingLink(link));
    return await use(client);
  }

  #escaped(): string | undefined {
    const outside = snapshot(this.#folder.at("outside"));
    return outside === this.#outside ? undefined : "something changed outside of the target";
  }
}

/** Ends the line when nothing moves any more. @returns what is wrong with the outcome */
async function ended(
  line: Line,
  trying: Promise<string | undefined | void>,
): Promise<string | undefined> {
  const over = new AbortController();
  const outcome = trying
    .then((wrong) => wrong ?? undefined, unexpected)
    .finally(() => over.abort());
  for (let moves = -1; !over.signal.aborted && moves !== line.moves;) {
    moves = line.moves;
    await Bun.sleep(QUIET);
  }
  line.end();
  const deadline = new Deadline();
  while (!over.signal.aborted && !deadline.isOver) await Bun.sleep(1);
  return over.signal.aborted
    ? await outcome
    : `the call goes on ${LATE} ms after its server has ended`;
}

/** An error that a client may not end with: none of the list, or one that stands for a defect of its own. */
function unexpected(thrown: unknown): string | undefined {
  if (thrown instanceof TreeError) {
    for (const { error } of thrown.failures) {
      const wrong = unexpected(error);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  if (!(thrown instanceof LeatError)) return `no typed error: ${text}`;
  const { code, cause } = thrown;
  const isDefect = code === "INTERNAL" && cause instanceof Error && !(cause instanceof LeatError);
  return isDefect ? `a defect: ${text}\n${cause.stack}` : undefined;
}
