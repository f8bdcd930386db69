/** A list is one read and has no end marker. A long list is cut, and an empty list never arrives. */
import { mkdirSync, writeFileSync } from "node:fs";
import { DeadlinePassed } from "./blocking-socket.ts";
import { runDemo } from "./demo.ts";
import { LIST_SIZE, OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";

const FILES = 300;
const DEADLINE = 500;
const nameOf = (index: number): string => `photo-${String(index).padStart(6, "0")}.jpeg`;

await runDemo(async ({ root, library, home }) => {
  for (let index = 0; index < FILES; index++) writeFileSync(`${library}/${nameOf(index)}`, "");
  using server = startOldServer(library, { port: 0 });
  using client = await OldClient.connect(server.port, home);
  const list = await client.list();
  const lines = list.split("\n");
  const cut = lines.pop() ?? "";
  const next = await client.get(nameOf(0));
  console.log(`library of ${FILES} files: one read of ${list.length} bytes, ${lines.length} names`);
  console.log(`  and "${cut}"; the next request, a get, got the rest as its status`);

  // The answer is OK, because there is a file. But the file is hidden, so the list has no bytes at all.
  const hidden = `${root}/hidden`;
  mkdirSync(hidden);
  writeFileSync(`${hidden}/.settings`, "");
  using hiddenServer = startOldServer(hidden, { port: 0 });
  using waiting = await OldClient.connect(hiddenServer.port, home, { deadline: DEADLINE });
  const outcome = await waiting.list().catch((error: unknown) => error);
  const waited = outcome instanceof DeadlinePassed;
  console.log("library of one hidden file: OK, then a list of 0 bytes, which no read ever shows");
  console.log(`  ${waited ? outcome.message : "an answer came"}: the old client waits for ever`);

  console.log("leat: a list is pages of typed entries with an explicit last frame, so");
  console.log("      long ones go on, empty ones are an answer, and no rest is left in the way.");
  const missing = FILES - lines.length;
  return list.length === LIST_SIZE && missing > 0 && next.includes("photo-") && waited;
});
