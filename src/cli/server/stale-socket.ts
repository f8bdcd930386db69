/** A server that was killed leaves the name of its Unix socket behind, and nobody could listen there again. */
import { lstatSync, unlinkSync } from "node:fs";

/** Removes the socket at a path if no server answers behind it. Whatever else is there stays. */
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
    return false; // listening will tell what is wrong with the path
  }
}
