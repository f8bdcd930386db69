/** The client of the exercise, for `old-server.ts`. Local names are relative to `folder`. */
import { existsSync } from "node:fs";
import { BlockingSocket } from "./blocking-socket.ts";
import { receiveFile, sendFile } from "./old-transfer.ts";

const STATUS_SIZE = 128;
export const LIST_SIZE = 4096;

export interface OldClientOptions {
  /** Milliseconds to wait for a read. The exercise had no deadline: it waited for ever. */
  readonly deadline?: number;
  /** Milliseconds between the last bytes of a file and its end marker. */
  readonly markerPause?: number;
}

export class OldClient implements Disposable {
  readonly #socket: BlockingSocket;
  readonly #folder: string;
  readonly #deadline: number;
  readonly #markerPause: number;

  private constructor(socket: BlockingSocket, folder: string, options: OldClientOptions) {
    this.#socket = socket;
    this.#folder = folder;
    this.#deadline = options.deadline ?? 2000;
    this.#markerPause = options.markerPause ?? 100;
  }

  static async connect(
    port: number,
    folder: string,
    options: OldClientOptions = {},
  ): Promise<OldClient> {
    return new OldClient(await BlockingSocket.connect(port), folder, options);
  }

  /** Runs a line as a person types it. The last word is the name. */
  async command(line: string): Promise<string> {
    const name = line.split(" ").at(-1) ?? "";
    if (line === "list") return this.list();
    if (line === "quit") return this.quit();
    if (line.startsWith("get")) return this.get(name);
    if (line.startsWith("upload")) return this.upload(name);
    return "commands: list, get FILE, upload FILE, quit";
  }

  /** Returns the names, one in each line, or the text that came in place of `OK`. */
  async list(): Promise<string> {
    await this.#socket.send("C");
    const status = await this.#status();
    if (status !== "OK") return status;
    return (await this.#socket.receive(LIST_SIZE, this.#deadline)).toString();
  }

  /** Returns the status as it was read: `OK`, or the reason why there is no file. */
  async get(name: string): Promise<string> {
    await this.#socket.send(`D ${name}`);
    const status = await this.#status();
    if (status === "OK") await receiveFile(this.#socket, this.#local(name), this.#deadline);
    return status;
  }

  async upload(name: string): Promise<string> {
    if (!existsSync(this.#local(name))) return "no such file here";
    await this.#socket.send(`U ${name}`);
    const status = await this.#status();
    if (status === "OK") {
      await sendFile(this.#socket, this.#local(name), this.#markerPause);
      // The server does not confirm an upload. If the next request were sent at once, one read could return the
      // marker and the request together. In the exercise a person had to type the request, which took some time.
      await Bun.sleep(this.#markerPause);
    }
    return status;
  }

  async quit(): Promise<string> {
    await this.#socket.send("Q");
    this.#socket.close();
    return "bye";
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #status(): Promise<string> {
    return (await this.#socket.receive(STATUS_SIZE, this.#deadline)).toString();
  }

  #local(name: string): string {
    return `${this.#folder}/${name}`;
  }
}
