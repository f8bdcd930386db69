/**
 * The echo server, one client at a time. All others wait until the first has left.
 *
 *   bun examples/models/iterative.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. serve it until it leaves
 *   4. go back to 2
 *
 * Good: simple, and one client costs next to nothing. Bad: a client that does nothing stops
 * all others, so clients should stay only briefly.
 */
import { handle } from "./handle.ts";
import { Listener, onCtrlC } from "./sockets.ts";

const listener = Listener.fromArguments(); // 1
onCtrlC(() => listener.stop());

while (true) {
  const client = await listener.accept(); // 2
  client.resume();
  // 3. This `await` is the whole model: without it this is event-loop.ts. It is not a blocking
  // call, the process is free meanwhile. It just has nothing else to do.
  await handle(client.data, `process ${process.pid}`);
} // 4
