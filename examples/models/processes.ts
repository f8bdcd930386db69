/**
 * The echo server with a process for each client.
 *
 *   bun examples/models/processes.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. start a process for it, and give that process the connection
 *   4. the parent closes its own copy and goes back to 2
 *   5. when the client leaves, its process ends, and the parent reaps it
 *
 * The exercise forks: the child is a copy of the parent in the middle of its work, with all its
 * variables and descriptors. `spawn` is not that. It starts a new program, process-child.ts, which
 * knows nothing of this one and has what it is given: an entry in its table of descriptors.
 * So the exercise's child has to close the listening socket that it inherited, and this one has
 * none: Bun opens sockets close-on-exec, and the child gets only the descriptors in `stdio`.
 */
import type { Subprocess } from "bun";
import { join } from "node:path";
import { Listener, onCtrlC } from "./sockets.ts";

const PROGRAM = [process.execPath, join(import.meta.dir, "process-child.ts")];
const children = new Set<Subprocess>();
const listener = Listener.fromArguments(); // 1
onCtrlC(async () => {
  listener.stop();
  for (const child of children) child.kill();
  // If the parent ends before its children, the init process adopts them.
  await Promise.all([...children].map((child) => child.exited));
});

while (true) {
  const client = await listener.accept(); // 2
  try {
    // 3. The fourth entry becomes descriptor 3 of the child: the same connection, once more.
    const child = Bun.spawn(PROGRAM, { stdio: ["ignore", "inherit", "inherit", client.fd] });
    children.add(child);
    void child.exited.then(() => reaped(child));
  } catch (error) {
    // The system has no more processes. This client is refused, and the server goes on.
    console.log(String(error));
  }
  // 4. The connection ends when its last copy is closed. With this one left open, the client
  // would never see the end, and the parent would run out of descriptors.
  client.close();
}

/** 5. Bun has waited for the child by now. The exercise needed SIGCHLD for it, against zombies. */
function reaped(child: Subprocess): void {
  children.delete(child);
  console.log(`process ${child.pid} has ended`);
}
