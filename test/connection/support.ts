/** A process of its own for a test: its clock is moved by hand, its deadlines are looked at by hand. */
import { Connection, type ConnectionOptions } from "../../src/connection/connection.ts";
import type { Driver } from "../../src/connection/driver.ts";
import type { Runtime } from "../../src/connection/runtime.ts";
import type { LeatError } from "../../src/errors.ts";
import { ANSWER_LIMIT } from "../../src/limits.ts";
import { BufferPool } from "../../src/net/buffer-pool.ts";
import { type PipeOptions, memoryPair } from "../../src/net/memory.ts";
import { ReadQueue } from "../../src/net/read-queue.ts";
import { RunQueue } from "../../src/net/run-queue.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { Ticked } from "../../src/net/ticker.ts";
import type { SessionEvent } from "../../src/session/event.ts";
import { UNBOUNDED } from "../../src/session/flow.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import { type FrameBodyInit, encodeFrame } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { Peer } from "../net/contract.ts";
import { turns } from "../net/support.ts";
import { HELLO, WELCOME } from "../session/bodies.ts";
import { MAX_FRAME, drain, framesOf } from "../wire/events.ts";
import type { FrameValue } from "../wire/read-vectors.ts";

export class TestRuntime implements Runtime {
  readonly queue: RunQueue;
  readonly readers = new ReadQueue();
  readonly pool: BufferPool;
  readonly #ticked = new Set<Ticked>();
  readonly ticker = {
    add: (ticked: Ticked): void => void this.#ticked.add(ticked),
    remove: (ticked: Ticked): void => void this.#ticked.delete(ticked),
  };
  now = 1000;
  readonly clock = (): number => this.now;

  constructor(options: { buffers?: number; size?: number; budget?: number } = {}) {
    this.queue = new RunQueue(options.budget);
    this.pool = new BufferPool(options.size, options.buffers);
  }

  /** Connections whose deadlines are looked at. */
  get connections(): number {
    return this.#ticked.size;
  }

  /** Time goes by, and the deadlines are looked at. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const ticked of this.#ticked) ticked.tick(this.now);
  }
}

/** Writes down what a connection tells; `does` says what to do about it. */
export class Diary implements Driver {
  readonly connection: Connection;
  readonly events: SessionEvent[] = [];
  readonly ended: number[] = [];
  readonly closed: LeatError[] = [];
  does: (event: SessionEvent) => void = () => {};
  onRoom: () => void = () => {};

  constructor(connection: Connection) {
    this.connection = connection;
    connection.driver = this;
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  onEvent(event: SessionEvent): void {
    this.events.push(event);
    this.does(event);
  }

  onStreamEnded(stream: number): void {
    this.ended.push(stream);
  }

  onClosed(error: LeatError): void {
    this.closed.push(error);
  }
}

/** The other end of a connection: says frames, or bytes, and hears frames. */
export class Raw extends Peer {
  readonly #decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  #decoded = 0;

  frame(stream: number, body: FrameBodyInit): void {
    this.send(encodeFrame(stream, body));
  }

  /** The whole frames that came since the last time. */
  heard(): FrameValue[] {
    for (; this.#decoded < this.chunks.length; this.#decoded++) {
      this.#decoder.push(this.chunks[this.#decoded]!);
    }
    return framesOf(drain(this.#decoder));
  }

  cases(): (string | undefined)[] {
    return this.heard().map((frame) => frame.body?.case);
  }
}

export interface Ends {
  readonly runtime: TestRuntime;
  readonly diary: Diary;
  readonly raw: Raw;
}

export interface EndsOptions {
  readonly role?: "client" | "server";
  readonly session?: Partial<SessionOptions>;
  readonly connection?: Partial<ConnectionOptions>;
  readonly pipe?: PipeOptions;
  readonly runtime?: TestRuntime;
  /** Between the connection and its end of the pipe. */
  readonly transport?: (inner: Transport) => Transport;
}

/** A connection, and somebody at the other end who says what a test tells it to. */
export function ends(options: EndsOptions = {}): Ends {
  const runtime = options.runtime ?? new TestRuntime();
  const role = options.role ?? "server";
  let diary!: Diary;
  let raw!: Raw;
  memoryPair(
    (inner) => {
      const transport = options.transport?.(inner) ?? inner;
      const session = new Session({
        role,
        agent: "test",
        maxFrame: MAX_FRAME,
        maxStreams: 64,
        initialWindow: 1 << 20,
        maxWindow: 32 << 20,
        budgets: UNBOUNDED,
        answerLimit: role === "server" ? ANSWER_LIMIT : Number.POSITIVE_INFINITY,
        ...options.session,
      });
      diary = new Diary(new Connection({ transport, session, runtime, ...options.connection }));
      return diary.connection;
    },
    (transport) => (raw = new Raw(transport)),
    options.pipe,
  );
  return { runtime, diary, raw };
}

/** A client that was welcomed. @param window credit of each upload */
export async function welcomed(options: EndsOptions = {}, window = 1 << 20): Promise<Ends> {
  const made = ends({ ...options, role: "client" });
  const { diary, raw, runtime } = made;
  diary.connection.session.hello(runtime.now);
  diary.connection.wake();
  raw.frame(0, { ...WELCOME, value: { ...WELCOME.value, initialWindow: window } });
  await turns(5);
  return made;
}

/** A server that accepted the Hello of its peer; what was said until then is forgotten. */
export async function greeted(options: EndsOptions = {}): Promise<Ends> {
  const made = ends(options);
  made.diary.does = (event) => {
    if (event.type === "hello") made.diary.connection.welcome(1 << 20);
  };
  made.raw.frame(0, HELLO);
  await turns(4);
  if (made.raw.cases().join() !== "welcome") throw new Error("there was no Welcome");
  made.diary.events.length = 0;
  made.diary.does = () => {};
  return made;
}
