/**
 * An echo server that serves all clients at once in one thread of one process.
 *
 *   bun examples/models/event-loop.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. start to serve it, and do not wait until it leaves
 *   4. go back to 2
 *   5. when a client leaves, its `handle` returns; nothing else has to be cleaned up
 *
 * Advantage: a client costs only a few objects, so there can be thousands of clients. Disadvantage: there is
 * only one thread. While it computes the answer to one client, it serves no other client.
 */
import { handle } from "./handle.ts";
import { Listener, onCtrlC } from "./sockets.ts";

const listener = Listener.fromArguments(); // 1
onCtrlC(() => listener.stop());

while (true) {
  const client = await listener.accept(); // 2
  client.resume();
  // 3. With `void` instead of `await`, the loop continues at once. Each `handle` runs until it has to wait for
  // its client. Then the event loop asks the kernel which socket is ready, and continues with that one.
  void handle(client.data, `process ${process.pid}`);
} // 4
