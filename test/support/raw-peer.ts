/** A peer that sends whatever bytes a test wants, and reads frames as they come. */
import { DOWNLOAD_WINDOW, MAX_FRAME } from "../../src/limits.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { FrameDecoder, type FrameEvent } from "../../src/wire/decoder.ts";
import {
  type FrameBodyInit,
  dataHeadLength,
  encodeFrame,
  writeDataHead,
} from "../../src/wire/frame.ts";
import { tlsOf } from "./tls.ts";
import type { FrameBody } from "../../src/wire/gen/messages.ts";

/** A frame as a test compares it; Data whole. */
export type Heard =
  | { readonly stream: number; readonly body: Exclude<FrameBody, { case: "data" }> | undefined }
  | {
      readonly stream: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
      readonly crc32: number | undefined;
    };

export class RawPeer implements Disposable {
  readonly #socket: Bun.Socket<undefined>;
  readonly #decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  readonly #heard: (Heard | "end" | "closed")[] = [];
  #data:
    { stream: number; offset: number; crc32: number | undefined; parts: Uint8Array[] } | undefined;
  #wake: (() => void) | undefined;
  #gathered: Uint8Array[] | undefined;
  /** What the socket has not taken yet. */
  #unsent: Uint8Array[] = [];

  private constructor(socket: Bun.Socket<undefined>) {
    this.#socket = socket;
  }

  static async connect(port: number, hostname = "127.0.0.1"): Promise<RawPeer> {
    let peer: RawPeer | undefined;
    const ready = Promise.withResolvers<void>();
    const secure = tlsOf(port);
    const socket = await Bun.connect({
      hostname,
      port,
      ...secure,
      allowHalfOpen: true,
      socket: {
        open(opened) {
          peer = new RawPeer(opened as Bun.Socket<undefined>);
          if (secure.tls === undefined) ready.resolve();
        },
        ...(secure.tls === undefined ? {} : { handshake: () => ready.resolve() }),
        data: (_socket, chunk) => peer!.#receive(chunk),
        drain: () => peer!.#flush(),
        end: () => peer!.#hear("end"),
        close: () => peer!.#hear("closed"),
        error: () => {},
      },
    });
    await ready.promise;
    return peer ?? new RawPeer(socket as Bun.Socket<undefined>);
  }

  /** Connects and shakes hands. @param window credit of each download @param features optional ones that it names */
  static async welcomed(
    port: number,
    window = DOWNLOAD_WINDOW,
    hostname?: string,
    token?: string,
    features: readonly string[] = [],
  ): Promise<RawPeer> {
    const peer = await RawPeer.connect(port, hostname);
    peer.hello(window, token, features);
    const first = await peer.next();
    if (
      first === "end" ||
      first === "closed" ||
      !("body" in first) ||
      first.body?.case !== "welcome"
    ) {
      throw new Error(`no Welcome but ${JSON.stringify(first)}`);
    }
    return peer;
  }

  hello(window = DOWNLOAD_WINDOW, token?: string, features: readonly string[] = []): void {
    const credentials =
      token === undefined ? undefined : ({ kind: { case: "token", value: token } } as const);
    const value = { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: window };
    this.frame(0, { case: "hello", value: { ...value, features: [...features], credentials } });
  }

  /** Sends in one write what `send` sends, so that the server reads it at once. */
  together(send: () => void): void {
    const gathered: Uint8Array[] = [];
    this.#gathered = gathered;
    send();
    this.#gathered = undefined;
    this.bytes(Buffer.concat(gathered));
  }

  /** Sends bytes: those that the socket does not take at once go when it has room. */
  bytes(bytes: Uint8Array): void {
    if (this.#gathered !== undefined) return void this.#gathered.push(bytes);
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#flush();
  }

  #flush(): void {
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const written = Math.max(0, this.#socket.write(next, 0, next.length));
      if (written < next.length) return void (this.#unsent[0] = next.subarray(written));
      this.#unsent.shift();
    }
  }

  frame(stream: number, body: FrameBodyInit): void {
    this.bytes(encodeFrame(stream, body));
  }

  data(stream: number, offset: number, payload: Uint8Array, crc32?: number): void {
    const head = dataHeadLength(stream, offset, payload.length, crc32 !== undefined);
    const frame = new Uint8Array(head + payload.length);
    writeDataHead(frame, 0, stream, offset, payload.length, crc32);
    frame.set(payload, head);
    this.bytes(frame);
  }

  request(
    stream: number,
    operation: Extract<FrameBodyInit, { case: "request" }>["value"]["operation"],
  ): void {
    this.frame(stream, { case: "request", value: { operation: operation! } });
  }

  /** Ends what it sends; all of it must have left. */
  fin(): void {
    if (this.#unsent.length > 0) throw new Error("bytes have not left yet");
    this.#socket.shutdown();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next frame, or how the connection ended. */
  async next(): Promise<Heard | "end" | "closed"> {
    while (this.#heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#heard.shift()!;
  }

  /** The next frame of a stream that is not Data. */
  async body(stream: number): Promise<Exclude<FrameBody, { case: "data" }>> {
    while (true) {
      const heard = await this.next();
      if (heard === "end" || heard === "closed") throw new Error(`the connection ended: ${heard}`);
      if (heard.stream === stream && "body" in heard && heard.body !== undefined) return heard.body;
    }
  }

  /** Code and message of the Failure that must come next on a stream. */
  async failure(stream: number): Promise<{ code: string; message: string }> {
    const body = await this.body(stream);
    if (body.case !== "failure") throw new Error(`${body.case} came where a failure was expected`);
    return { code: body.value.code, message: body.value.message };
  }

  /** Waits for the end of the connection, whatever comes before. */
  async ended(): Promise<void> {
    let heard = await this.next();
    while (heard !== "end" && heard !== "closed") heard = await this.next();
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #receive(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let event = this.#decoder.next(); event !== undefined; event = this.#decoder.next()) {
      this.#event(event);
    }
  }

  #event(event: FrameEvent): void {
    if (event.type === "frame") return this.#hear({ stream: event.stream, body: event.body });
    if (event.type === "data") {
      const { stream, offset, crc32 } = event;
      this.#data = { stream, offset, crc32, parts: [] };
      return;
    }
    const { parts, ...head } = this.#data!;
    parts.push(event.bytes);
    if (event.remaining === 0) this.#hear({ ...head, bytes: Buffer.concat(parts) });
  }

  #hear(heard: Heard | "end" | "closed"): void {
    this.#heard.push(heard);
    this.#wake?.();
  }
}
