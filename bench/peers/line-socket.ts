/** A connection that says a line, waits for an answer, and then stays. */

/** Milliseconds an answer may take. */
const DEADLINE = 10_000;

export class LineSocket implements Disposable {
  #socket!: Bun.Socket<undefined>;
  #text = "";
  #wake = Promise.withResolvers<void>();

  static async connect(port: number): Promise<LineSocket> {
    const line = new LineSocket();
    const wake = (): void => {
      line.#wake.resolve();
      line.#wake = Promise.withResolvers();
    };
    line.#socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      data: undefined,
      socket: {
        data(_, chunk) {
          line.#text += chunk.toString("latin1");
          wake();
        },
        close: wake,
      },
    });
    return line;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits for a line that matches, and forgets all before it. @throws when it does not come */
  async line(wanted: RegExp): Promise<string> {
    const late = setTimeout(() => this.#socket.terminate(), DEADLINE);
    try {
      while (true) {
        const wake = this.#wake.promise;
        const lines = this.#text.split("\n");
        const at = lines.findIndex((line) => wanted.test(line));
        if (at >= 0) {
          this.#text = lines.slice(at + 1).join("\n");
          return lines[at]!;
        }
        if (this.#socket.readyState <= 0) {
          throw new Error(`no answer like ${wanted} in ${JSON.stringify(this.#text)}`);
        }
        await wake;
      }
    } finally {
      clearTimeout(late);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
