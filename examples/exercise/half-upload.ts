/** A client that dies in the middle of an upload leaves half a file that looks like a whole one. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { BlockingSocket } from "./blocking-socket.ts";
import { quote, runDemo } from "./demo.ts";
import { OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";
import { READ_SIZE } from "./old-transfer.ts";

const READS = 8;
const REPORT = Buffer.alloc(READS * READ_SIZE, "report ");
const HALF = REPORT.subarray(0, REPORT.length / 2);

/** Waits until the server has written `size` bytes, for at most a second. */
async function untilStored(path: string, size: number): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    if (statSync(path, { throwIfNoEntry: false })?.size === size) return;
    await Bun.sleep(10);
  }
}

await runDemo(async ({ library, home }) => {
  using server = startOldServer(library, { port: 0 });

  const dying = await BlockingSocket.connect(server.port);
  await dying.send("U report.txt");
  await dying.receive(READ_SIZE);
  await dying.send(HALF);
  // When a process dies, the kernel closes its sockets in the same way.
  dying.close();
  await untilStored(`${library}/report.txt`, HALF.length);
  console.log(`sent    ${HALF.length} of ${REPORT.length} bytes of report.txt, then died`);

  using reader = await OldClient.connect(server.port, home);
  const listed = (await reader.list()).trim();
  const status = await reader.get("report.txt");
  const arrived = readFileSync(`${home}/report.txt`);
  console.log(`others  list says ${quote(listed)}, get says ${quote(status)}`);
  console.log(`        and brings ${arrived.length} bytes; nothing tells that half is missing`);

  writeFileSync(`${home}/report.txt`, REPORT);
  const again = await reader.upload("report.txt");
  console.log(`retry   the upload is refused: ${quote(again)}`);

  console.log("leat    a file is there whole or not at all, its name comes last of all;");
  console.log("        the next try finds the name free.");
  return (
    listed === "report.txt" && status === "OK" && arrived.equals(HALF) && again.includes("exists")
  );
});
