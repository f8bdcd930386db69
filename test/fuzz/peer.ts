/** A client that sends prepared bytes, whatever comes back, and looks at what does. */
import type { Transport, TransportHandler } from "../../src/net/transport.ts";
import { FrameDecoder, type FrameEvent } from "../../src/wire/decoder.ts";
import type { Step } from "./conversations.ts";
import { Deadline, LATE } from "./late.ts";

/** A turn of the event loop, of processor time: what a machine that is busy adds does not count. */
const LONG_TURN = 1_000;
/** Turns without an answer after which a step is not waited for any more. */
const PATIENCE = 40;

/** Contents of a file that nobody can reach. */
export const SECRET = "this is outside of the library";

export class FuzzPeer implements TransportHandler {
  readonly #transport: Transport;
  readonly #decoder = new FrameDecoder({ maxFrame: 17 << 20 });
  readonly #answered = new Set<number>();
  #unsent: Uint8Array[] = [];
  #isEnding = false;
  isClosed = false;
  /** What the server did that it must not do. */
  wrong: string | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Sends the steps and FIN, and waits until the server has closed. @returns what is wrong */
  async run(steps: readonly Step[], ending: "fin" | "cut"): Promise<string | undefined> {
    for (const step of steps) {
      if ("send" in step) this.#send(step.send);
      else await this.#wait(() => this.#answered.has(step.wait), PATIENCE);
    }
    if (ending === "cut") {
      await this.#wait(() => false, 2);
      this.#transport.close();
      return this.wrong;
    }
    this.#isEnding = true;
    this.#flush();
    const deadline = new Deadline();
    while (!this.isClosed) {
      await this.#wait(() => false, 1);
      if (deadline.isOver) return `the connection is open ${LATE} ms after its end`;
    }
    return this.wrong;
  }

  onData(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk);
      for (let event = this.#decoder.next(); event; event = this.#decoder.next()) {
        this.#look(event);
      }
    } catch (thrown) {
      this.wrong ??= `the server sent what is no frame: ${String(thrown)}`;
    }
  }

  onDrain(): void {
    this.#flush();
  }

  /** The server has sent all that it had to say. */
  onEnd(): void {
    this.isClosed = true;
    this.#transport.close();
  }

  onClose(): void {
    this.isClosed = true;
  }

  #look(event: FrameEvent): void {
    if (event.type === "payload") {
      if (Buffer.from(event.bytes).includes(SECRET)) this.wrong = "the server sent a secret";
      return;
    }
    this.#answered.add(event.stream);
    if (event.type !== "frame" || event.body?.case !== "failure") return;
    const { code, message } = event.body.value;
    if (code === "INTERNAL") this.wrong ??= `a defect was told: ${message}`;
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unsent.push(bytes);
    this.#flush();
  }

  #flush(): void {
    while (!this.isClosed && this.#unsent.length > 0) {
      const [next] = this.#unsent;
      const written = this.#transport.write(next!, 0, next!.length);
      if (written < 0) this.#unsent = [];
      else if (written < next!.length) return void (this.#unsent[0] = next!.subarray(written));
      else this.#unsent.shift();
    }
    if (this.#isEnding && !this.isClosed) this.#transport.shutdown();
  }

  async #wait(isSo: () => boolean, turns: number): Promise<void> {
    for (let turn = 0; turn < turns && !isSo() && !this.isClosed; turn += 1) {
      const before = process.cpuUsage();
      await new Promise((resolve) => setImmediate(resolve));
      const { user, system } = process.cpuUsage(before);
      const spent = (user + system) / 1000;
      if (spent > LONG_TURN) this.wrong ??= `a turn of the event loop took ${spent} ms`;
    }
  }
}
