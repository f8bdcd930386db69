/** A file as a run of reads with a marker behind it; both sides send and receive this way. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { BlockingSocket } from "./blocking-socket.ts";

export const READ_SIZE = 1024;
export const END_MARKER = "##";

/** Sends a file read by read, sleeps so that the marker is a read of its own, and sends it. */
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

/** Writes every read to `path` until a read is the marker. */
export async function receiveFile(
  socket: BlockingSocket,
  path: string,
  deadline?: number,
): Promise<void> {
  const file = openSync(path, "w");
  try {
    while (true) {
      const read = await socket.receive(READ_SIZE, deadline);
      // At the end of a connection the exercise got empty reads and looped for ever.
      if (read.length === 0 || read.equals(Buffer.from(END_MARKER))) return;
      writeSync(file, read);
    }
  } finally {
    closeSync(file);
  }
}

/** No sleep at all for 0: even the shortest would let the peer read in between. */
export async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await Bun.sleep(milliseconds);
}
