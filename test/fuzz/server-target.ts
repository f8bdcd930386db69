/** A real server, and clients that send it damaged sequences of frames: in memory, or over TCP. */
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRuntime } from "../../src/connection/runtime.ts";
import { connectBun } from "../../src/net/bun.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import type { Log } from "../../src/server/log/log.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { PLACE } from "../chaos/run.ts";
import { type Random, randomFrom } from "../support/chop.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { sparseFile } from "../support/sparse.ts";
import { until } from "../support/until.ts";
import { anyScript, type Step } from "./conversations.ts";
import { Growth } from "./growth.ts";
import { FuzzPeer, SECRET } from "./peer.ts";
import { damagedSteps } from "./sequences.ts";
import { stepsOf, textOf } from "./steps.ts";
import type { Target } from "./target.ts";
import { snapshot } from "./snapshot.ts";

/** Cases after which the library is filled anew: they remove what is in it. */
const REFILL = 200;

/** Bytes of a piece that is not cut: an answer is not to arrive in thousands of turns of the event loop. */
const ALL = 65_536;

export type Way = "memory" | "sockets";

export class ServerTarget implements Target {
  readonly name: string;
  readonly unit = "sequences";
  readonly atOnce = 16;
  readonly #way: Way;
  readonly #folder = new TemporaryFolder(PLACE);
  readonly #server: LeatServer;
  readonly #outside: string;
  readonly #growth = new Growth();
  /** Lines about defects. */
  readonly #defects: string[] = [];
  #tried = 0;

  constructor(way: Way) {
    this.#way = way;
    this.name = way === "memory" ? "server" : "server, by TCP";
    this.#folder.folder("library");
    this.#folder.file("outside/secret", SECRET);
    symlinkSync("../outside", this.#folder.at("library/out"));
    symlinkSync(this.#folder.at("outside"), this.#folder.at("library/abs"));
    symlinkSync("loop", this.#folder.at("library/loop"));
    this.#fill();
    this.#outside = snapshot(this.#folder.path, ["library"]);
    const store = openDiskStore(this.#folder.at("library"));
    const error = (facts: object, message: string): void =>
      void this.#defects.push(`${message} ${JSON.stringify(facts)}`);
    const nothing = (): void => {};
    const log: Log = { debug: nothing, info: nothing, warn: nothing, error };
    const options = { log, durability: "none" } as const;
    this.#server = new LeatServer(new Host(store, options, createRuntime()));
    if (way === "sockets") this.#server.listen({ hostname: "127.0.0.1", port: 0 });
  }

  draw(random: Random): string {
    const steps = damagedSteps(anyScript(random), anyScript(random), random);
    return textOf(steps, random.below(8) === 0 ? "cut" : "fin", random.below(2 ** 31));
  }

  async try(input: string): Promise<string | undefined> {
    this.#tried += 1;
    if (this.#tried % REFILL === 0) this.#fill();
    const { steps, ending, seed } = stepsOf(input);
    const peer = await this.#connect(randomFrom(seed));
    const wrong = await peer.run(steps as Step[], ending);
    return wrong ?? this.#defects.shift();
  }

  async leftovers(): Promise<string | undefined> {
    await until(
      () => this.#server.connections === 0,
      () => `${this.#server.connections} connections`,
    );
    // What was begun for a client goes on for a moment when it has left.
    await until(
      () => this.#openFiles().length === 0,
      () => this.#openFiles(),
    );
    if (snapshot(this.#folder.path, ["library"]) !== this.#outside) {
      return "something changed outside of the library";
    }
    return this.#growth.check();
  }

  #openFiles(): string[] {
    const own = this.#folder.at("library");
    return openUnder(own).filter((path) => path !== own && !path.includes("/.leat/"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop({ drain: 0 });
    this.#folder[Symbol.dispose]();
  }

  async #connect(random: Random): Promise<FuzzPeer> {
    let peer: FuzzPeer | undefined;
    const accept = (transport: ConstructorParameters<typeof FuzzPeer>[0]): FuzzPeer =>
      (peer = new FuzzPeer(transport));
    if (this.#way === "memory") {
      const most = random.pick([1, 7, 100, ALL]);
      const chunk = (): number => (random.below(8) === 0 ? ALL : 1 + random.below(most));
      memoryPair(this.#server.accept, accept, { chunk });
    } else {
      await connectBun({ hostname: "127.0.0.1", port: this.#server.port }, accept);
    }
    return peer!;
  }

  #fill(): void {
    this.#write("a.txt", "a");
    this.#write("empty", "");
    this.#write("big", "d".repeat(300_000));
    if (!existsSync(this.#folder.at("library/sparse"))) {
      sparseFile(this.#folder.at("library/sparse"), 70 << 20, { [3 << 20]: "data" });
    }
    if (!this.#folds("dir")) return;
    this.#write("dir/b.txt", "b".repeat(100));
    if (this.#folds("dir/deep")) this.#write("dir/deep/c.txt", "c".repeat(70_000));
  }

  /** Writes a file, unless the name is by now that of a folder or a link. */
  #write(name: string, contents: string): void {
    const path = this.#folder.at("library", name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== false)
      writeFileSync(path, contents);
  }

  /** Makes a folder. @returns whether it is one, and no link that a client has made */
  #folds(name: string): boolean {
    const path = this.#folder.at("library", name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) mkdirSync(path);
    return found?.isDirectory() !== false;
  }
}
