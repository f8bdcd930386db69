/**
 * Clients that do not read. In the exercise a blocking `send` makes the server's thread wait for its client. On
 * an event loop, `write` does not wait. It accepts as many bytes as the kernel takes, and returns their number. A
 * server that wants to write the whole file at once either forgets the rest or keeps it in memory, once for each
 * client.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "bun";
import { runDemo } from "./demo.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const READERS = 4;
const hostname = "127.0.0.1";
const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Makes one write of the whole file for each client. `onRest` gets a view of the bytes that were not accepted. */
function serveWhole(path: string, onRest: (rest: Uint8Array, socket: Socket) => void) {
  const open = (socket: Socket): void => {
    const whole = readFileSync(path);
    const accepted = socket.write(whole);
    onRest(whole.subarray(accepted), socket);
  };
  return Bun.listen({ hostname, port: 0, allowHalfOpen: true, socket: { open, data() {} } });
}

/** The rest waits for a `drain` that does not come. It is a view, so the whole buffer stays in memory. */
async function keepTheRest(path: string): Promise<boolean> {
  const queue: Uint8Array[] = [];
  using listener = serveWhole(path, (rest) => queue.push(rest));
  const readers: Socket[] = [];
  const growth: number[] = [];
  const before = process.memoryUsage.rss();
  while (readers.length < READERS) {
    const socket = { open: (opened: Socket) => opened.pause(), data() {} };
    readers.push(await Bun.connect({ hostname, port: listener.port, socket }));
    while (queue.length < readers.length) await Bun.sleep(1);
    growth.push(process.memoryUsage.rss() - before);
  }
  const queued = queue.reduce((sum, rest) => sum + rest.length, 0);
  console.log(`keep the rest: ${READERS} readers that stop, one write of ${mib(SIZE)} for each`);
  console.log(`  the process grew by ${growth.map(mib).join(", ")}`);
  const inKernel = READERS * SIZE - queued;
  console.log(`  ${mib(queued)} wait in it for a drain; the kernel holds ${mib(inKernel)} more`);
  // A paused socket does not notice the end of the connection, so it would keep the process alive.
  for (const reader of readers) reader.terminate();
  return (growth.at(-1) ?? 0) > queued / 2;
}

/** The rest is dropped. Then even a client that reads does not get the whole file, and sees a normal end. */
async function forgetTheRest(path: string): Promise<boolean> {
  let lost = 0;
  let arrived = 0;
  using listener = serveWhole(path, (rest, socket) => {
    lost = rest.length;
    socket.shutdown();
  });
  const ended = Promise.withResolvers<Error | undefined>();
  const data = (_: Socket, bytes: Uint8Array): void => void (arrived += bytes.length);
  const close = (_: Socket, error?: Error): void => ended.resolve(error);
  await Bun.connect({ hostname, port: listener.port, socket: { data, close } });
  const error = await ended.promise;
  console.log(`forget the rest: one write of ${SIZE} bytes returned ${SIZE - lost}`);
  const end = error?.message ?? "a clean end";
  console.log(`  arrived ${arrived} bytes, then ${end}: ${lost} are lost`);
  return lost > 0 && arrived === SIZE - lost && error === undefined;
}

await runDemo(async ({ library }) => {
  const path = `${library}/film.bin`;
  writeFileSync(path, Buffer.alloc(SIZE, 1));
  const grew = await keepTheRest(path);
  const lost = await forgetTheRest(path);
  console.log("leat: memory is bounded, the kernel's share too: a piece of a file is");
  console.log("      read when its socket takes it; a short write loses nothing.");
  return grew && lost;
});
