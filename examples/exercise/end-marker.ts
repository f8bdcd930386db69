/** A read that returns `##` ends a file, even if `##` belongs to the file. */
import { readFileSync, writeFileSync } from "node:fs";
import { BlockingSocket } from "./blocking-socket.ts";
import { quote, runDemo } from "./demo.ts";
import { OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";
import { READ_SIZE } from "./old-transfer.ts";

await runDemo(async ({ library, home }) => {
  using server = startOldServer(library, { port: 0 });

  // The server sends one full read, and then a read with the two bytes that mean "the end".
  const sent = `${"x".repeat(READ_SIZE)}##`;
  writeFileSync(`${library}/table.txt`, sent);
  using client = await OldClient.connect(server.port, home);
  const status = await client.get("table.txt");
  const arrived = readFileSync(`${home}/table.txt`, "utf8");
  // The marker arrives while a person types the next command.
  await Bun.sleep(200);
  const nextAnswer = await client.list();
  console.log(`get     sent ${sent.length} bytes that end in "##"`);
  console.log(
    `        arrived ${arrived.length} bytes; then list was answered ${quote(nextAnswer)}`,
  );

  // Over a slow link a file of any length can break, because one read may return any two bytes of it.
  const pieces = ["# Notes\n", "##", " Part one\n"];
  using uploader = await BlockingSocket.connect(server.port);
  await uploader.send("U notes.md");
  await uploader.receive(READ_SIZE);
  for (const piece of pieces) {
    await uploader.send(piece);
    await Bun.sleep(100);
  }
  const stored = readFileSync(`${library}/notes.md`, "utf8");
  console.log(`upload  sent ${quote(pieces.join(""))} over a slow link`);
  console.log(`        stored ${quote(stored)}, the rest was read as a request`);

  console.log("leat    what arrives is what was sent. Frames say their length, and the");
  console.log("        end is a frame with size and digest; no contents can look like it.");
  return (
    status === "OK" &&
    arrived === "x".repeat(READ_SIZE) &&
    nextAnswer === "##" &&
    stored === pieces[0]
  );
});
