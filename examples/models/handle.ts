import { BlockingSocket } from "../exercise/blocking-socket.ts";

/** The most bytes that one read returns, as in the exercise. */
export const READ_SIZE = 1024;

/**
 * Serves one client until it leaves: prints the bytes that it sends, and answers with `OK` and the same bytes.
 *
 * All four servers call this function.
 *
 * @param who the process or thread that serves the client, for the output
 */
export async function handle(client: BlockingSocket, who: string): Promise<void> {
  try {
    while (true) {
      const data = await client.receive(READ_SIZE);
      // An empty read means that the client has ended its side.
      if (data.length === 0) break;
      console.log(`${who}: ${printable(data)}`);
      await client.send(Buffer.concat([Buffer.from("OK "), data]));
    }
  } catch (error) {
    // The client left before it had its answer. The server continues.
    console.log(`${who}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    client.close();
  }
}

/** Replaces control characters, because they could be commands for the terminal. */
function printable(data: Buffer): string {
  return data.toString().trimEnd().replace(/\p{C}/gu, "?");
}
