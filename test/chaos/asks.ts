/**
 * Uploads that are cut right behind their `Finish`, and asked for again: each must be answered with its
 * receipt, whichever worker hears of it. And longer ones that are cut in the middle: what was kept of
 * them is gone on with.
 */
import { readFileSync, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { connect } from "../../src/index.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import type { IfExists } from "../../src/wire/gen/messages.ts";
import { type Random, randomFrom } from "../support/chop.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { PLACE } from "./run.ts";
import { Serving } from "./serving.ts";

export interface AsksOptions {
  readonly workers: number;
  /** Small uploads. */
  readonly asks: number;
  /** Uploads of 16 MiB that are cut in their last half. */
  readonly resumes: number;
  readonly seed: number;
}

export interface AsksResult {
  readonly workers: number;
  readonly asks: number;
  readonly resumes: number;
  /** Asks that were told to come back first. */
  readonly later: number;
  /** The wrong answers, in words. */
  readonly wrong: readonly string[];
  readonly seconds: number;
}

/** Asks at once. */
const AT_ONCE = 8;
/** Milliseconds behind `Finish` in which a connection is cut. */
const CUT_WITHIN = 5;
/** Bytes of a file at most: they leave without waiting for credit. */
const MOST = 12_000;
/** Milliseconds in which an ask must have its answer. */
const ANSWERED = 20_000;
/** Milliseconds to wait at most where the answer is to come back later. */
const PAUSE = 50;
const RESUMED_SIZE = 16 * MiB;

/** One small upload. */
interface Ask {
  readonly path: string;
  readonly uploadId: Uint8Array;
  readonly bytes: Uint8Array;
  readonly ifExists: IfExists;
  /** How many tries are cut; the next one is heard to its end. */
  readonly cuts: number;
  /** The file is removed when the receipt is there: it must not come back. */
  readonly isRemoved: boolean;
  version: string | undefined;
}

type Answer =
  | { readonly how: "cut" }
  | { readonly how: "receipt"; readonly version: string; readonly wrong?: string }
  | { readonly how: "failure"; readonly code: string; readonly retryable: boolean };

export async function asksAgain(options: AsksOptions): Promise<AsksResult> {
  const began = performance.now();
  using folder = new TemporaryFolder(PLACE);
  const library = folder.folder("library");
  const plan = { workers: options.workers, descriptors: 0, room: 0, readOnly: false };
  const serving = await Serving.start(library, plan);
  const run = new AsksRun(options, serving, folder, library);
  const wrong = await run.all().catch((thrown: unknown) => [`the run broke: ${String(thrown)}`]);
  const stopped = await serving.stop();
  const { workers, asks, resumes } = options;
  const seconds = (performance.now() - began) / 1000;
  return { workers, asks, resumes, later: run.later, wrong: [...wrong, ...stopped], seconds };
}

class AsksRun {
  readonly #options: AsksOptions;
  readonly #serving: Serving;
  readonly #folder: TemporaryFolder;
  readonly #library: string;
  readonly #random: Random;
  readonly #wrong: string[] = [];
  later = 0;

  constructor(options: AsksOptions, serving: Serving, folder: TemporaryFolder, library: string) {
    this.#options = options;
    this.#serving = serving;
    this.#folder = folder;
    this.#library = library;
    this.#random = randomFrom(options.seed);
  }

  async all(): Promise<string[]> {
    const asks = Array.from({ length: this.#options.asks }, (_, n) => this.#draw(n));
    await this.#each(asks, (ask) => this.#run(ask));
    // A file that is there stays, and goes on being answered.
    await this.#each(asks, (ask) => this.#isSo(ask));
    await this.#versionsStay(asks);
    const resumes = Array.from({ length: this.#options.resumes }, (_, n) => n);
    for (const n of resumes) await this.#resume(n);
    return this.#wrong;
  }

  #draw(n: number): Ask {
    const random = this.#random;
    const kind = random.below(10);
    const ifExists = kind < 6 ? "FAIL" : kind < 9 ? "REPLACE" : "SKIP";
    const path = `file-${n}`;
    // Half of those that replace have something to replace.
    if (kind === 8) this.#folder.file(`library/${path}`, "what was there before");
    return {
      path,
      uploadId: random.bytes(16),
      bytes: random.bytes(1 + random.below(MOST)),
      ifExists,
      cuts: 1 + random.below(2),
      isRemoved: random.below(5) === 0,
      version: undefined,
    };
  }

  async #each(asks: readonly Ask[], work: (ask: Ask) => Promise<void>): Promise<void> {
    const left = [...asks];
    const one = async (): Promise<void> => {
      for (let ask = left.shift(); ask !== undefined; ask = left.shift()) await work(ask);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  async #run(ask: Ask): Promise<void> {
    const delays = Array.from(
      { length: ask.cuts },
      () => this.#random.below(CUT_WITHIN * 1000) / 1000,
    );
    const answer = await this.#answer(ask, delays);
    if (answer === undefined) return;
    ask.version = answer.version;
    if (!ask.isRemoved) return;
    using peer = await RawPeer.welcomed(this.#serving.port);
    peer.request(1, { case: "remove", value: { path: ask.path } });
    const body = await peer.body(1);
    if (body.case !== "response") this.#say(ask, `the file cannot be removed: ${body.case}`);
  }

  /** @param delays milliseconds behind Finish at which a try is cut @returns the receipt, at last */
  async #answer(ask: Ask, delays: readonly number[]) {
    const deadline = performance.now() + ANSWERED;
    const cuts = [...delays];
    let resume = cuts.length === 0;
    for (let isLater = false; performance.now() < deadline;) {
      const answer = await timely(() => this.#try(ask, resume, cuts[0]), deadline);
      resume = true;
      if (answer.how === "receipt") {
        if (answer.wrong === undefined) return answer;
        return void this.#say(ask, answer.wrong);
      }
      if (answer.how === "cut") {
        cuts.shift();
        continue;
      }
      if (!answer.retryable) return void this.#say(ask, `answered with ${answer.code}`);
      if (!isLater) this.later += 1;
      isLater = true;
      await Bun.sleep(this.#random.below(PAUSE));
    }
    return void this.#say(ask, `no answer in ${ANSWERED / 1000} s`);
  }

  async #try(ask: Ask, resume: boolean, cut: number | undefined): Promise<Answer> {
    using peer = await RawPeer.welcomed(this.#serving.port);
    const { path, uploadId, bytes, ifExists } = ask;
    const put = { path, uploadId, size: bytes.length, ifExists, resume };
    const rest = (): void => {
      peer.data(1, 0, bytes, crc32(bytes));
      peer.frame(1, { case: "finish", value: { size: bytes.length, crc32: crc32(bytes) } });
    };
    if (resume) {
      peer.request(1, { case: "put", value: put });
      const heard = await answerOf(peer, ask);
      if (heard !== undefined) return heard;
      peer.together(rest);
    } else {
      peer.together(() => {
        peer.request(1, { case: "put", value: put });
        rest();
      });
    }
    if (cut === undefined) return (await answerOf(peer, ask)) ?? (await answerOf(peer, ask))!;
    await behind(cut);
    return { how: "cut" };
  }

  /** Long after: the receipt is still the answer, and the file is as it was sent, or still gone. */
  async #isSo(ask: Ask): Promise<void> {
    if (ask.version === undefined) return;
    const path = `${this.#library}/${ask.path}`;
    const there = statSync(path, { throwIfNoEntry: false }) !== undefined;
    if (ask.isRemoved && there) this.#say(ask, "was removed, and has come back");
    if (!ask.isRemoved && !there) return this.#say(ask, "was answered with a receipt, and is gone");
    if (!ask.isRemoved && Buffer.compare(readFileSync(path), ask.bytes) !== 0)
      this.#say(ask, "has other contents than were sent");
    await this.#answer(ask, []);
  }

  /** A file that was put in its place once has the version of its receipt. */
  async #versionsStay(asks: readonly Ask[]): Promise<void> {
    await using client = await connect(this.#serving.address);
    for (const ask of asks) {
      if (ask.isRemoved || ask.version === undefined) continue;
      const { version } = await client.stat(ask.path);
      if (version !== ask.version) this.#say(ask, "was put in its place twice");
    }
  }

  /** The connection is cut in the last half; what came before does not come again. */
  async #resume(n: number): Promise<void> {
    const bytes = this.#random.bytes(1024);
    const local = this.#folder.file(`long-${n}`, Buffer.alloc(RESUMED_SIZE, bytes));
    const place = RESUMED_SIZE / 2 + this.#random.below(RESUMED_SIZE / 4);
    // The later ones begin where the first one ended, and are cut within a block or two.
    const cuts = [
      place,
      ...Array.from({ length: 3 }, () => 1 + this.#random.below(2 * BLOCK_SIZE)),
    ];
    using proxy = new FaultProxy(this.#serving.port, (connection) => {
      const cutUp = cuts[connection];
      return cutUp === undefined ? {} : { cutUp };
    });
    await using client = await connect(proxy.address, { retry: ANSWERED });
    await client.put(`long-${n}`, Bun.file(local));
    // Of each cut a block, and what the server had not read yet.
    const again = proxy.up - RESUMED_SIZE;
    if (again > RESUMED_SIZE / 2 - BLOCK_SIZE)
      this.#wrong.push(`long-${n}: ${(again / MiB).toFixed(1)} MiB were sent again`);
  }

  #say({ path, ifExists, cuts }: Ask, what: string): void {
    this.#wrong.push(`${path} (${ifExists}, cut ${cuts} times): ${what}`);
  }
}

/** @returns undefined for the Response */
async function answerOf(peer: RawPeer, { bytes, uploadId }: Ask): Promise<Answer | undefined> {
  let body = await peer.body(1);
  while (body.case === "credit") body = await peer.body(1);
  if (body.case === "response") return undefined;
  if (body.case === "failure") {
    const { code, retryable } = body.value;
    return { how: "failure", code, retryable };
  }
  if (body.case !== "receipt") return { how: "failure", code: body.case, retryable: false };
  const { entry, skipped, crc32: sum, uploadId: id } = body.value;
  const version = entry?.version ?? "";
  if (skipped) return { how: "receipt", version, wrong: "skipped, though it is there by itself" };
  if (sum !== crc32(bytes) || entry?.size !== bytes.length || !Buffer.from(id).equals(uploadId))
    return { how: "receipt", version, wrong: "a receipt of something else" };
  return { how: "receipt", version };
}

async function timely(work: () => Promise<Answer>, deadline: number): Promise<Answer> {
  const late = Bun.sleep(deadline - performance.now()).then(
    () => ({ how: "failure", code: "nothing", retryable: false }) as const,
  );
  return await Promise.race([
    work().catch((thrown: unknown) => ({
      how: "failure" as const,
      code: String(thrown),
      retryable: false,
    })),
    late,
  ]);
}

/** To a fraction of a millisecond; timers are coarser. */
async function behind(milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds;
  while (performance.now() < until)
    await new Promise<void>((resolve) => void setImmediate(resolve));
}

export async function asks(options: readonly AsksOptions[]): Promise<boolean> {
  let good = true;
  for (const one of options) {
    const { workers, asks: count, resumes, later, wrong, seconds } = await asksAgain(one);
    good &&= wrong.length === 0;
    console.log(
      `${wrong.length === 0 ? "ok    " : "FAILED"}  ${workers} workers: ${count} uploads cut behind ` +
        `Finish and asked for again, ${later} of them told to come back first; ${resumes} uploads ` +
        `cut in the middle; ${wrong.length} answered wrongly; ${seconds.toFixed(0)} s`,
    );
    for (const text of wrong.slice(0, 20)) console.log(`        ${text}`);
    if (wrong.length > 0) {
      console.log(`again: bun run chaos asks --workers ${workers} --seed ${one.seed}`);
    }
  }
  return good;
}
