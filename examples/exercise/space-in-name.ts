/** The last word of a line is the name, so a name with a space becomes another name. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { quote, runDemo } from "./demo.ts";
import { OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";

await runDemo(async ({ library, home }) => {
  using server = startOldServer(library, { port: 0 });
  using client = await OldClient.connect(server.port, home);
  writeFileSync(`${home}/my file.txt`, "mine");
  writeFileSync(`${home}/your file.txt`, "yours");

  const typed = await client.command("upload my file.txt");
  console.log(`typed "upload my file.txt": ${quote(typed)}, it looked for "file.txt"`);

  // Even if a client sends the whole name, the server uses only its last word.
  const first = await client.upload("my file.txt");
  const listed = (await client.list()).trim();
  console.log(`sent  "U my file.txt": ${quote(first)}, and the library has ${quote(listed)}`);

  const second = await client.upload("your file.txt");
  console.log(`sent  "U your file.txt": ${quote(second)}, it is the same last word`);

  await client.get("your file.txt");
  const arrived = readFileSync(`${home}/your file.txt`, "utf8");
  console.log(`sent  "D your file.txt": the local copy is now ${quote(arrived)}, it was "yours"`);

  console.log("leat  a name is a field of a typed request, spaces and all;");
  console.log("      a refusal says which name it is about.");
  return (
    typed === "no such file here" &&
    listed === "file.txt" &&
    !existsSync(`${library}/my file.txt`) &&
    second !== "OK" &&
    arrived === "mine"
  );
});
