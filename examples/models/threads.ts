/**
 * An echo server with a thread for each client.
 *
 *   bun examples/models/threads.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. start a thread for it, and give that thread the connection
 *   4. the main thread goes back to 2
 *   5. when the client leaves, its thread ends
 *
 * The exercise's threads share all variables. A thread in Bun is a Worker and shares none: it has its own
 * JavaScript engine and its own event loop. But all Workers of a process share its table of descriptors. So this
 * program gives a Worker the number of a descriptor.
 */
import { dlopen } from "bun:ffi";
import { Worker } from "node:worker_threads";
import { Listener, onCtrlC } from "./sockets.ts";

const LIBRARY = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
const { dup } = dlopen(LIBRARY, { dup: { args: ["i32"], returns: "i32" } }).symbols;

const workers = new Set<Worker>();
const listener = Listener.fromArguments(); // 1
onCtrlC(async () => {
  listener.stop();
  await Promise.all([...workers].map((worker) => worker.terminate()));
});

while (true) {
  const client = await listener.accept(); // 2
  // If both threads had the same number, both would close it. The second `close` could close the connection of
  // another client. So the Worker gets a number of its own; README.md has the details.
  const fd = dup(client.fd);
  client.close();
  if (fd === -1) continue; // There are no more descriptors, so this client is refused.
  const worker = new Worker(new URL("thread-child.ts", import.meta.url), { workerData: fd }); // 3
  const { threadId } = worker; // read it now: a Worker that has ended has no id any more
  workers.add(worker);
  worker.on("error", (error) => console.log(String(error)));
  worker.on("exit", () => {
    workers.delete(worker); // 5
    console.log(`thread ${threadId} has ended`);
  });
} // 4
