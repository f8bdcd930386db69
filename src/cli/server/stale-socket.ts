/** Removes the Unix socket of a server that was killed: no other could listen on its path. */
import { lstatSync, unlinkSync } from "node:fs";

/** Only if it is a socket, and no server answers on it. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!isSocket(path)) return;
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.terminate();
  } catch (thrown) {
    const refused = thrown instanceof Error && "code" in thrown && thrown.code === "ECONNREFUSED";
    if (refused) unlinkSync(path);
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
  } catch {
    return false; // listening reports the error
  }
}
