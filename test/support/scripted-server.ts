/** A server whose answers a test writes, right or wrong. */
import { crc32 } from "../../src/hash.ts";
import { BLOCK_SIZE, MAX_FRAME } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import {
  type FrameBodyInit,
  dataHeadLength,
  encodeFrame,
  writeDataHead,
} from "../../src/wire/frame.ts";
import type { Entry, FrameBody, Request, TreeItem } from "../../src/wire/gen/messages.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { encodeMessage, type Init } from "../../src/wire/plain.ts";
import { join } from "./chop.ts";

export type Operation = NonNullable<Request["operation"]>;

/** What a client said on a stream. */
export type Said =
  | { readonly stream: number; readonly body: Exclude<FrameBody, { case: "data" }> }
  | { readonly stream: number; readonly offset: number; readonly bytes: Uint8Array };

/** The server's end of a connection. */
export class Peer {
  readonly #socket: Bun.Socket<unknown>;
  #unsent: Uint8Array[] = [];
  #isEnding = false;

  constructor(socket: Bun.Socket<unknown>) {
    this.#socket = socket;
  }

  frame(stream: number, body: FrameBodyInit): void {
    this.bytes(encodeFrame(stream, body));
  }

  answer(
    stream: number,
    result: NonNullable<Extract<FrameBodyInit, { case: "response" }>["value"]["result"]>,
  ): void {
    this.frame(stream, { case: "response", value: { result } });
  }

  fail(
    stream: number,
    code: "NOT_FOUND" | "PRECONDITION_FAILED" | "UNAVAILABLE" | "UNIMPLEMENTED",
  ): void {
    this.frame(stream, {
      case: "failure",
      value: { code, message: "no", retryable: code === "UNAVAILABLE" },
    });
  }

  data(stream: number, offset: number, payload: Uint8Array, crc?: number): void {
    const head = dataHeadLength(stream, offset, payload.length, crc !== undefined);
    const frame = new Uint8Array(head + payload.length);
    writeDataHead(frame, 0, stream, offset, payload.length, crc);
    frame.set(payload, head);
    this.bytes(frame);
  }

  /** Answers a get with a file, as a server should. @param version as it says it */
  file(stream: number, entry: Partial<Entry>, contents: Uint8Array, offset = 0): void {
    const size = contents.length;
    const value = {
      entry: { kind: "FILE", size, ...entry },
      offset,
      length: size - offset,
    } as const;
    this.answer(stream, { case: "get", value });
    this.blocks(stream, contents, offset);
    const rest = contents.subarray(offset);
    this.frame(stream, { case: "finish", value: { size: rest.length, crc32: crc32(rest) } });
  }

  /** Answers a walk of a folder `t` with these items, in one frame. */
  walk(stream: number, items: readonly Init<TreeItem>[]): void {
    this.answer(stream, { case: "walk", value: { entry: { name: "t", kind: "DIRECTORY" } } });
    this.items(stream, items);
  }

  /** Answers a walk of some paths. @param items followed by contents, or not */
  walkPaths(stream: number, items: readonly (Init<TreeItem> | Uint8Array)[]): void {
    this.answer(stream, { case: "walk", value: {} });
    this.items(stream, items);
  }

  items(stream: number, items: readonly (Init<TreeItem> | Uint8Array)[]): void {
    const bytes = join(
      items.map((item) =>
        item instanceof Uint8Array ? item : encodeMessage("TreeItem", item, true),
      ),
    );
    this.data(stream, 0, bytes, crc32(bytes));
    this.frame(stream, { case: "finish", value: { size: bytes.length, crc32: crc32(bytes) } });
  }

  /** Data of a range, block by block. */
  blocks(stream: number, contents: Uint8Array, from: number, to = contents.length): void {
    for (let at = from; at < to;) {
      const end = Math.min(to, at - (at % BLOCK_SIZE) + BLOCK_SIZE);
      const block = contents.subarray(at, end);
      this.data(stream, at, block, crc32(block));
      at = end;
    }
  }

  bytes(bytes: Uint8Array): void {
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.flush();
  }

  flush(): void {
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const written = this.#socket.write(next, 0, next.length);
      if (written < next.length) {
        this.#unsent[0] = next.subarray(Math.max(0, written));
        return;
      }
      this.#unsent.shift();
    }
    if (this.#isEnding) this.#socket.end();
  }

  /** Closes the connection; the client gets what was sent before. */
  end(): void {
    this.#isEnding = true;
    if (this.#unsent.length === 0) this.flush();
  }

  /** Closes the connection at once: what the client has not read yet may be lost. */
  cut(): void {
    this.#socket.terminate();
  }
}

export interface Script {
  /** Called with each request. */
  readonly request?: (operation: Operation, stream: number, peer: Peer) => void;
  /** Called with every other frame of a stream. */
  readonly said?: (said: Said, peer: Peer) => void;
  readonly maxStreams?: number;
  readonly window?: number;
  /** Of those that the client knows. */
  readonly features?: readonly string[];
  /** Nothing is answered to Hello. */
  readonly silent?: boolean;
}

export class ScriptedServer implements Disposable {
  readonly #listener: Bun.TCPSocketListener<unknown>;
  readonly #script: Script;
  /** Bytes that came on each connection. */
  readonly received: number[] = [];
  opened = 0;
  closed = 0;
  /** Everything that was said on streams. */
  readonly heard: Said[] = [];

  constructor(script: Script) {
    this.#script = script;
    const states = new Map<object, (chunk: Uint8Array | undefined) => void>();
    this.#listener = Bun.listen<unknown>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void states.set(socket, this.#connection(socket)),
        data: (socket, chunk) => states.get(socket)?.(chunk),
        drain: (socket) => states.get(socket)?.(undefined),
        close: () => void (this.closed += 1),
        error: () => {},
      },
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.port}`;
  }

  /** Names of the operations that were asked for. */
  get asked(): string[] {
    return this.heard.flatMap((said) =>
      "body" in said && said.body.case === "request"
        ? [said.body.value.operation?.case ?? "?"]
        : [],
    );
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #connection(socket: Bun.Socket<unknown>): (chunk: Uint8Array | undefined) => void {
    const index = this.opened;
    this.opened += 1;
    this.received[index] = 0;
    const peer = new Peer(socket);
    const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
    let data: { stream: number; offset: number } | undefined;
    return (chunk) => {
      if (chunk === undefined) return peer.flush();
      this.received[index]! += chunk.length;
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        if (event.type === "data") data = { stream: event.stream, offset: event.offset };
        else if (event.type === "payload") {
          this.#said({ ...data!, bytes: event.bytes }, peer);
          data!.offset += event.bytes.length;
        } else if (event.body !== undefined) {
          this.#said({ stream: event.stream, body: event.body }, peer);
        }
      }
    };
  }

  #said(said: Said, peer: Peer): void {
    const {
      maxStreams = 8,
      window = 65_536,
      features = [],
      silent = false,
      request,
    } = this.#script;
    if ("body" in said && said.body.case === "hello") {
      const value = { magic: MAGIC, version: 1, features, maxStreams, initialWindow: window };
      if (!silent) peer.frame(0, { case: "welcome", value });
      return;
    }
    if ("body" in said && said.body.case === "ping" && !silent) {
      return peer.frame(0, { case: "pong", value: { nonce: said.body.value.nonce } });
    }
    this.heard.push(said);
    if ("body" in said && said.body.case === "request" && said.body.value.operation !== undefined) {
      return request?.(said.body.value.operation, said.stream, peer);
    }
    this.#script.said?.(said, peer);
  }
}
