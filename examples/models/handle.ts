import { BlockingSocket } from "../exercise/blocking-socket.ts";

/** Bytes of one read, as in the exercise. */
export const READ_SIZE = 1024;

/**
 * Serves one client until it leaves: prints the bytes that it sends and answers `OK` and the same bytes.
 *
 * All four servers run this function, and it does not know which of them does.
 *
 * @param who the process or thread, to show where a client is served
 */
export async function handle(client: BlockingSocket, who: string): Promise<void> {
  try {
    while (true) {
      const data = await client.receive(READ_SIZE);
      // An empty read is the end of the client's side: this client has left.
      if (data.length === 0) break;
      console.log(`${who}: ${printable(data)}`);
      await client.send(Buffer.concat([Buffer.from("OK "), data]));
    }
  } catch (error) {
    // The client left before it had its answer. The server goes on.
    console.log(`${who}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    client.close();
  }
}

/** Control characters from a stranger would be commands to the terminal. */
function printable(data: Buffer): string {
  return data.toString().trimEnd().replace(/\p{C}/gu, "?");
}
