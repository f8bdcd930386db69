/**
 * `processes`: a process for each client. It inherits the accepted socket as its descriptor 3, and
 * the server closes its own: bytes that came already wait in the kernel for whoever reads.
 *
 * None waits in stock: a descriptor is inherited when a process starts, and not later.
 */
import type { Child, FromChild, ToChild } from "./child-messages.ts";
import { CHILD_COMMAND } from "./program.ts";

/** Where a child finds what it inherits, behind its standard streams. */
const INHERITED = 3;

export function startProcess(fd: number, onMessage: (message: FromChild) => void): Child {
  const child = Bun.spawn([...CHILD_COMMAND], {
    stdio: ["ignore", "ignore", "inherit", fd],
    serialization: "advanced",
    ipc: (message: FromChild) => onMessage(message),
  });
  let gone = false;
  const ended = child.exited.then((code) => {
    gone = true;
    if (child.signalCode !== null) return `killed by ${child.signalCode}`;
    return code === 0 ? undefined : `exit code ${code}`;
  });
  return {
    facts: { process: child.pid },
    fd: INHERITED,
    ended,
    kill: () => child.kill("SIGKILL"),
    send(message: ToChild) {
      if (gone) return;
      try {
        child.send(message);
      } catch {
        // It hung up and is about to be gone.
      }
    },
  };
}
