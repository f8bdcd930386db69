/**
 * The echo server with a thread for each client.
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
 * The exercise's threads share all variables. A Worker shares none: it is a JavaScript of its own
 * with an event loop of its own, and gets messages. What it does share is the process, and with
 * that the table of descriptors: here a descriptor is handed over as a number.
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
  // Both threads would think that the same number is theirs to close, and the second to do so
  // would close another client's connection. So the worker gets a number of its own. (README.md)
  const fd = dup(client.fd);
  client.close();
  if (fd === -1) continue; // No more descriptors: this client is refused.
  const worker = new Worker(new URL("thread-child.ts", import.meta.url), { workerData: fd }); // 3
  const { threadId } = worker; // Now, because it has none any more when it has ended.
  workers.add(worker);
  worker.on("error", (error) => console.log(String(error)));
  worker.on("exit", () => {
    workers.delete(worker); // 5
    console.log(`thread ${threadId} has ended`);
  });
} // 4
