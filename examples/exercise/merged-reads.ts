/** TCP carries bytes and not messages, so one read may return the bytes of two writes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { DeadlinePassed } from "./blocking-socket.ts";
import { quote, runDemo } from "./demo.ts";
import { OldClient } from "./old-client.ts";
import { startOldServer } from "./old-server.ts";

const CONTENTS = "hello";
const DEADLINE = 500;

/** Returns the status that `get` read, and the file that it wrote. */
async function get(port: number, home: string): Promise<{ status: string; stored: string }> {
  using client = await OldClient.connect(port, home, { deadline: DEADLINE });
  let status: string;
  try {
    status = await client.get("hello.txt");
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    status = error.message;
  }
  const path = `${home}/hello.txt`;
  return { status, stored: existsSync(path) ? readFileSync(path, "utf8") : "" };
}

await runDemo(async ({ library, home }) => {
  writeFileSync(`${library}/hello.txt`, CONTENTS);

  // No sleep after the status, as in the exercise.
  using noStatusPause = startOldServer(library, { port: 0, statusPause: 0 });
  const first = await get(noStatusPause.port, home);
  console.log(`sent "OK" and ${quote(CONTENTS)} without a sleep between them`);
  console.log(`  one read: ${quote(first.status)} is not "OK", so it is an error; no file`);

  // Without the sleep before the marker, one read returns the file and the marker.
  using noMarkerPause = startOldServer(library, { port: 0, markerPause: 0 });
  const second = await get(noMarkerPause.port, home);
  console.log(`sent ${quote(CONTENTS)} and "##" without a sleep between them`);
  console.log(`  one read: the file is ${quote(second.stored)}, and the end never comes`);
  console.log(`  ${second.status}: the deadline is this demo's, the old client waits for ever`);

  console.log("leat: length-delimited frames. Where a read ends means nothing, nothing");
  console.log("      sleeps, and every wait has a deadline.");
  return (
    first.status === `OK${CONTENTS}` &&
    first.stored === "" &&
    second.stored === `${CONTENTS}##` &&
    second.status.includes(`${DEADLINE} ms`)
  );
});
