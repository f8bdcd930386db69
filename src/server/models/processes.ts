/**
 * The model `processes`: a process for each client. It inherits the accepted socket as its descriptor 3, and
 * the server closes its own: bytes that have arrived wait in the kernel until the process reads them.
 *
 * None is started ahead: a descriptor is inherited when a process starts, and not later.
 */
import type { Child, FromChild, ToChild } from "./child-messages.ts";
import { CHILD_COMMAND } from "./program.ts";

/** The descriptor in the child, behind its standard streams. */
const INHERITED = 3;

export function startProcess(fd: number, onMessage: (message: FromChild) => void): Child {
  const child = Bun.spawn([...CHILD_COMMAND], {
    stdio: ["ignore", "ignore", "inherit", fd],
    serialization: "advanced",
    ipc: (message: FromChild) => onMessage(message),
  });
  let hasEnded = false;
  const ended = child.exited.then((code) => {
    hasEnded = true;
    if (child.signalCode !== null) return `killed by ${child.signalCode}`;
    return code === 0 ? undefined : `exit code ${code}`;
  });
  return {
    facts: { process: child.pid },
    fd: INHERITED,
    ended,
    kill: () => child.kill("SIGKILL"),
    send(message: ToChild) {
      if (hasEnded) return;
      try {
        child.send(message);
      } catch {
        // Its channel is closed: it is about to end.
      }
    },
  };
}
