/**
 * An echo server that serves one client at a time. All others wait until the first has left.
 *
 *   bun examples/models/iterative.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. serve it until it leaves
 *   4. go back to 2
 *
 * Advantage: it is simple, and a client costs almost nothing. Disadvantage: a client that stays and does nothing
 * makes all others wait. So this model is for clients that leave soon.
 */
import { handle } from "./handle.ts";
import { Listener, onCtrlC } from "./sockets.ts";

const listener = Listener.fromArguments(); // 1
onCtrlC(() => listener.stop());

while (true) {
  const client = await listener.accept(); // 2
  client.resume();
  // 3. Only this `await` makes the model iterative: without it, this would be event-loop.ts. It does not block
  // the process, which could do other work in the meantime but has none.
  await handle(client.data, `process ${process.pid}`);
} // 4
