import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * The epoll descriptor on which the runtime waits for the sockets of this thread. It is readable as
 * long as the event loop has something to do, but for timers that are due.
 * @param socket one of them, which the runtime reads
 * @returns undefined where it cannot be found
 */
export function eventLoopDescriptor(socket: number): number | undefined {
  const watched = new RegExp(`^tfd:\\s+${socket}\\s`, "m");
  try {
    return readdirSync("/proc/self/fd")
      .filter((fd) => isEpoll(fd))
      .map(Number)
      .find((fd) => watched.test(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")));
  } catch {
    return undefined; // no /proc
  }
}

function isEpoll(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === "anon_inode:[eventpoll]";
  } catch {
    return false; // the one that listed them is closed
  }
}
