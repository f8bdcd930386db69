/**
 * The echo server, all clients at once in one thread of one process.
 *
 *   bun examples/models/event-loop.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. start to serve it, and do not wait for the end of it
 *   4. go back to 2
 *   5. when a client leaves, its `handle` returns, and that is all there is to clean up
 *
 * Good: a client costs some objects, so there can be thousands. Bad: there is one thread. While
 * one client's answer is computed, no other client is served; only waiting is shared, not work.
 */
import { handle } from "./handle.ts";
import { Listener, onCtrlC } from "./sockets.ts";

const listener = Listener.fromArguments(); // 1
onCtrlC(() => listener.stop());

while (true) {
  const client = await listener.accept(); // 2
  client.resume();
  // 3. `void` instead of `await`. Each `handle` runs until it has to wait for its client; then
  // the loop asks the kernel which of all sockets has something, and goes on with that one.
  void handle(client.data, `process ${process.pid}`);
} // 4
