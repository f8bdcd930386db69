/** The name is appended to the folder's path, so `..` leaves the library, both for reading and for writing. */
import { readFileSync, writeFileSync } from "node:fs";
import { BlockingSocket } from "./blocking-socket.ts";
import { quote, runDemo } from "./demo.ts";
import { OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";
import { END_MARKER, READ_SIZE } from "./old-transfer.ts";

const SECRET = "the key is under the mat";

await runDemo(async ({ root, library, home }) => {
  writeFileSync(`${root}/secret.txt`, SECRET);
  using server = startOldServer(library, { port: 0 });

  using client = await OldClient.connect(server.port, home);
  const status = await client.get("../secret.txt");
  // The client appends names in the same way, so its copy is outside its own folder.
  const stolen = readFileSync(`${home}/../secret.txt`, "utf8");
  console.log(`sent    "D ../secret.txt" for a file beside the library`);
  console.log(`arrived ${quote(status)}, then ${quote(stolen)}`);

  using uploader = await BlockingSocket.connect(server.port);
  await uploader.send("U ../planted.txt");
  const allowed = (await uploader.receive(READ_SIZE)).toString();
  await uploader.send("I was here");
  await Bun.sleep(100);
  await uploader.send(END_MARKER);
  const planted = readFileSync(`${root}/planted.txt`, "utf8");
  console.log(`sent    "U ../planted.txt" and contents`);
  console.log(`arrived ${quote(allowed)}; beside the library there is now ${quote(planted)}`);

  console.log("leat    nothing outside the library is reachable. A name with a segment");
  console.log("        `..` is refused, not repaired, and no link leads out either.");
  return stolen === SECRET && planted === "I was here";
});
