/**
 * The server of the exercise. The first letter of a read is the request, and a read that returns `##` is the end
 * of a file. Sleeps should prevent one read from returning two messages. The defects are on purpose: each demo in
 * this folder shows one of them.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { BlockingSocket } from "./blocking-socket.ts";
import { pause, READ_SIZE, receiveFile, sendFile } from "./old-transfer.ts";

interface Pauses {
  /** Milliseconds between `OK` and the next message. The exercise did not sleep here. */
  readonly statusPause: number;
  /** Milliseconds between the last bytes of a file and its end marker. */
  readonly markerPause: number;
}

export interface OldServerOptions extends Partial<Pauses> {
  /** 0 picks a free port. */
  readonly port?: number;
}

export interface OldServer extends Disposable {
  readonly port: number;
  stop(): void;
}

export function startOldServer(folder: string, options: OldServerOptions = {}): OldServer {
  const { port = 8888, statusPause = 100, markerPause = 100 } = options;
  const onOpen = (socket: BlockingSocket): void => {
    // In the exercise, a lost connection ended only its own thread. Here it ends only its own loop.
    serve(socket, folder, { statusPause, markerPause }).catch(() => socket.close());
  };
  const listener = Bun.listen<BlockingSocket>({
    hostname: "127.0.0.1",
    port,
    allowHalfOpen: true,
    socket: BlockingSocket.handlers(onOpen),
  });
  const stop = (): void => listener.stop(true);
  return { port: listener.port, stop, [Symbol.dispose]: stop };
}

async function serve(socket: BlockingSocket, folder: string, pauses: Pauses): Promise<void> {
  while (true) {
    const request = (await socket.receive(READ_SIZE)).toString();
    const name = request.split(" ").at(-1) ?? "";
    if (request === "" || request === "Q") return socket.close();
    if (request === "C") await list(socket, folder, pauses);
    else if (request.startsWith("D")) await download(socket, `${folder}/${name}`, pauses);
    else if (request.startsWith("U")) await upload(socket, `${folder}/${name}`);
  }
}

async function list(socket: BlockingSocket, folder: string, pauses: Pauses): Promise<void> {
  const names = readdirSync(folder);
  if (names.length === 0) return socket.send("the library is empty");
  await socket.send("OK");
  await pause(pauses.statusPause);
  const shown = names.filter((name) => !name.startsWith(".") && isFile(`${folder}/${name}`));
  await socket.send(shown.map((name) => `${name}\n`).join(""));
}

async function download(socket: BlockingSocket, path: string, pauses: Pauses): Promise<void> {
  if (!isFile(path)) return socket.send("no such file");
  await socket.send("OK");
  await pause(pauses.statusPause);
  await sendFile(socket, path, pauses.markerPause);
}

async function upload(socket: BlockingSocket, path: string): Promise<void> {
  if (existsSync(path)) return socket.send("that name exists already");
  await socket.send("OK");
  await receiveFile(socket, path);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
