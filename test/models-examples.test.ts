/** The exercise's echo server in its four models: who is served where, and what is left behind. */
import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BlockingSocket } from "../examples/exercise/blocking-socket.ts";
import { until } from "./support/until.ts";

const folder = join(import.meta.dir, "../examples/models");
const concurrent = ["processes", "threads", "event-loop"];
const models = ["iterative", ...concurrent];
const running = new Set<Server>();

/** A server as a process, in a group of its own as a shell would start it, and what it has said. */
class Server {
  said = "";
  readonly process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly port: Promise<number>;
  /** Resolves when nobody is left that could say something: the server and all its children. */
  readonly silent: Promise<void>;
  readonly #told = new Set<() => void>();

  constructor(name: string, port = 0) {
    this.process = Bun.spawn([process.execPath, join(folder, `${name}.ts`), "--port", `${port}`], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    running.add(this);
    this.silent = this.#read();
    this.port = this.until(/^listening on 127\.0\.0\.1:(\d+)$/m).then(([, found]) => Number(found));
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.process.stdout) {
      this.said += decoder.decode(bytes, { stream: true });
      for (const look of this.#told) look();
    }
  }

  /** Waits until something like that was said. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(this.said);
        if (found === null) return;
        this.#told.delete(look);
        resolve(found);
      };
      this.#told.add(look);
      look();
    });
  }

  /** What stands before a client's line: the process, and the thread if it is not the first. */
  async servedBy(line: string): Promise<string> {
    const [, who] = await this.until(new RegExp(`^(.*): ${line}$`, "m"));
    return who!;
  }

  async client(): Promise<BlockingSocket> {
    return BlockingSocket.connect(await this.port);
  }

  /** To the server and all its children, as a terminal's Ctrl-C is. */
  interrupt(): void {
    process.kill(-this.process.pid, "SIGINT");
  }
}

afterEach(() => {
  for (const { process: server } of running) {
    try {
      process.kill(-server.pid, "SIGKILL");
    } catch {
      // The whole group has ended, as it should.
    }
  }
  running.clear();
});

/** Sends a line and takes its answer. */
async function ask(client: BlockingSocket, line: string): Promise<string> {
  await client.send(`${line}\n`);
  return (await client.receive(1024)).toString();
}

/** Four clients that are all there before the first one speaks, and what each was told. */
async function fourClients(server: Server): Promise<BlockingSocket[]> {
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.client()));
  const answers = await Promise.all(clients.map((client, at) => ask(client, `hello ${at}`)));
  expect(answers).toEqual([0, 1, 2, 3].map((at) => `OK hello ${at}\n`));
  return clients;
}

function processOf(who: string): number {
  return Number(/process (\d+)/.exec(who)![1]);
}

/** A process that has ended but was not reaped (a zombie) still exists here. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("iterative serves one client after the other", async () => {
  const server = new Server("iterative");
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.client()));
  // They all speak at once; then one after the other is heard to the end.
  await Promise.all(clients.map((client, at) => client.send(`first ${at}\n`)));
  const waiting = new Map(clients.map((client, at) => [client.receive(1024), { client, at }]));
  const order: number[] = [];
  while (waiting.size > 0) {
    // Who is served next is the kernel's order of connecting, not ours.
    const { answered, text } = await Promise.race(
      [...waiting.keys()].map(async (answered) => ({ answered, text: `${await answered}` })),
    );
    const { client, at } = waiting.get(answered)!;
    waiting.delete(answered);
    order.push(at);
    expect(text).toBe(`OK first ${at}\n`);
    expect(await ask(client, `second ${at}`)).toBe(`OK second ${at}\n`);
    expect(await ask(client, `third ${at}`)).toBe(`OK third ${at}\n`);
    client.close();
  }
  await server.until(new RegExp(`third ${order.at(-1)}$`, "m"));
  const heard = [...server.said.matchAll(/connect|first \d|second \d|third \d/g)].map(String);
  expect(heard).toEqual(
    order.flatMap((at) => ["connect", `first ${at}`, `second ${at}`, `third ${at}`]),
  );
});

for (const name of concurrent) {
  test(`${name} serves four clients at once`, async () => {
    const server = new Server(name);
    const clients = await fourClients(server);
    // In the other direction, and a second time: nobody waits for anybody.
    for (const [at, client] of [...clients.entries()].toReversed()) {
      expect(await ask(client, `again ${at}`)).toBe(`OK again ${at}\n`);
    }
    const places = await Promise.all([0, 1, 2, 3].map((at) => server.servedBy(`hello ${at}`)));
    const pids = new Set(places.map(processOf));
    expect(new Set(places).size).toBe(name === "event-loop" ? 1 : 4);
    expect(pids.size).toBe(name === "processes" ? 4 : 1);
    expect(pids.has(server.process.pid)).toBe(name !== "processes");
    expect([...server.said.matchAll(/^connect from 127\.0\.0\.1:\d+$/gm)]).toHaveLength(4);
    for (const client of clients) client.close();
  });
}

for (const name of ["processes", "threads"]) {
  test(`${name} ends a client's child with the client, and not before`, async () => {
    const server = new Server(name);
    const clients = await fourClients(server);
    for (const [at, client] of clients.entries()) {
      expect(await ask(client, `still ${at}`)).toBe(`OK still ${at}\n`);
      client.close();
      const who = await server.servedBy(`hello ${at}`);
      await server.until(new RegExp(`^${who.replace(/.*, /, "")} has ended$`, "m"));
      if (name === "processes") expect(exists(processOf(who))).toBe(false);
      expect([...server.said.matchAll(/has ended/g)]).toHaveLength(at + 1);
    }
  });
}

for (const name of models) {
  test(`${name} leaves with all its children on Ctrl-C and can start again at once`, async () => {
    const server = new Server(name);
    const clients =
      name === "iterative"
        ? [await server.client(), await server.client()]
        : await fourClients(server);
    if (name === "iterative") expect(await ask(clients[0]!, "hello")).toBe("OK hello\n");
    server.interrupt();
    expect(await server.process.exited).toBe(0);
    await server.silent;
    expect(server.said).toContain("exit\n");
    // The clients are still there: nothing but the server has ended these connections.
    for (const client of clients) expect((await client.receive(1024)).length).toBe(0);
    for (const [, pid] of server.said.matchAll(/^process (\d+)/gm)) {
      expect(exists(Number(pid))).toBe(false);
    }
    const port = await server.port;
    const again = new Server(name, port);
    expect(await again.port).toBe(port);
    const client = await again.client();
    expect(await ask(client, "back")).toBe("OK back\n");
    // Asked by one that knows only the server's own number: it has to see to its children itself.
    again.process.kill("SIGTERM");
    expect(await again.process.exited).toBe(0);
    expect(exists(processOf(await again.servedBy("back")))).toBe(false);
    for (const each of [...clients, client]) each.close();
  });

  test(`${name} answers the client that belongs to it, to the last byte`, async () => {
    const server = new Server(name);
    const text = `${"long ".repeat(20_000)}\nbye\n`;
    // All lines and then the end, without waiting: the answers come after it.
    await using client = Bun.spawn(
      [process.execPath, join(folder, "client.ts"), "--port", `${await server.port}`],
      { stdio: [Buffer.from(text), "pipe", "pipe"] },
    );
    const answers = await new Response(client.stdout).text();
    expect(await client.exited).toBe(0);
    expect(answers.replaceAll("OK ", "")).toBe(text);
  });
}

test("a process outlives a server that was killed, and still ends with its client", async () => {
  const server = new Server("processes");
  const client = await server.client();
  expect(await ask(client, "one")).toBe("OK one\n");
  const child = processOf(await server.servedBy("one"));
  server.process.kill("SIGKILL");
  await server.process.exited;
  expect(await ask(client, "two")).toBe("OK two\n");
  client.close();
  await until(() => !(exists(child) && !zombie(child)));
});

/** An orphan is reaped by whatever runs as the first process, which in a container may sleep. */
function zombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false; // Gone, or not Linux.
  }
}

/** What a program prints that takes no client. */
async function output(name: string): Promise<string> {
  await using program = Bun.spawn([process.execPath, join(folder, `${name}.ts`)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await program.stdout.text();
  expect(await program.exited).toBe(0);
  return text;
}

test("udp answers the second client while the first is there", async () => {
  const text = await output("udp");
  expect(text).toContain("OK I stay\n");
  expect(text).toMatch(/OK and I\?, after [\d.]+ ms, and the first is still there\n$/);
});

test.if(process.platform === "linux")("a recv that blocks holds up a timer", async () => {
  const text = await output("blocking-recv");
  expect(text).toContain("non-blocking: EAGAIN\n");
  const blocked = Number(/blocking: "hello" after (\d+) ms/.exec(text)?.[1]);
  const timer = Number(/the timer of 100 ms: after (\d+) ms/.exec(text)?.[1]);
  expect(timer).toBeGreaterThanOrEqual(blocked);
});

test("the page on the models names every program", async () => {
  const page = await Bun.file(join(folder, "README.md")).text();
  for (const name of [...models, "client", "udp", "blocking-recv"]) {
    expect(page).toContain(`${name}.ts`);
  }
});
