/**
 * An echo server with a process for each client.
 *
 *   bun examples/models/processes.ts [--host 127.0.0.1] [--port 8888]
 *
 * The steps:
 *   1. make a listening socket
 *   2. wait for a client
 *   3. start a process for it, and give that process the connection
 *   4. the parent closes its own copy and goes back to 2
 *   5. when the client leaves, its process ends, and the parent collects its exit status
 *
 * The exercise uses `fork`: the child is a copy of the parent, with all its variables and descriptors. So the
 * child has to close the listening socket that it inherited. This program uses `spawn`, which starts a new
 * program, process-child.ts. It does not inherit the listening socket, because Bun opens sockets close-on-exec.
 * It gets only the descriptors in `stdio`, and one of these is the connection.
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
  // Wait, so that no child is left when this process has ended.
  await Promise.all([...children].map((child) => child.exited));
});

while (true) {
  const client = await listener.accept(); // 2
  try {
    // 3. The fourth entry becomes descriptor 3 of the child. It is a copy for the same connection.
    const child = Bun.spawn(PROGRAM, { stdio: ["ignore", "inherit", "inherit", client.fd] });
    children.add(child);
    void child.exited.then(() => reaped(child));
  } catch (error) {
    // The system allows no more processes. The server refuses this client and continues.
    console.log(String(error));
  }
  // 4. A connection ends when its last descriptor is closed. If the parent kept this one open, the client would
  // never see the end, and the parent would run out of descriptors.
  client.close();
}

/** 5. Bun has already called `wait` for the child. The exercise needed a handler of SIGCHLD to avoid zombies. */
function reaped(child: Subprocess): void {
  children.delete(child);
  console.log(`process ${child.pid} has ended`);
}
