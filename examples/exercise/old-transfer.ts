/** Sends and receives a file as a sequence of reads, with a marker after it. Both sides use this. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { BlockingSocket } from "./blocking-socket.ts";

export const READ_SIZE = 1024;
export const END_MARKER = "##";

/** Sends a file in pieces, sleeps so that the marker arrives in a read of its own, and sends the marker. */
export async function sendFile(
  socket: BlockingSocket,
  path: string,
  markerPause: number,
): Promise<void> {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(READ_SIZE);
  try {
    for (let size; (size = readSync(file, buffer)) > 0;) {
      await socket.send(buffer.subarray(0, size));
    }
  } finally {
    closeSync(file);
  }
  await pause(markerPause);
  await socket.send(END_MARKER);
}

/** Writes every read to `path` until a read returns the marker. */
export async function receiveFile(
  socket: BlockingSocket,
  path: string,
  deadline?: number,
): Promise<void> {
  const file = openSync(path, "w");
  try {
    while (true) {
      const read = await socket.receive(READ_SIZE, deadline);
      // At the end of a connection, the exercise got empty reads and never left this loop.
      if (read.length === 0 || read.equals(Buffer.from(END_MARKER))) return;
      writeSync(file, read);
    }
  } finally {
    closeSync(file);
  }
}

/** For 0 it does not sleep at all, because even the shortest sleep would let the peer read in between. */
export async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await Bun.sleep(milliseconds);
}
