/**
 * A process that says more on stderr than a pipe holds, and makes the file FILE of the environment when its
 * event loop has gone on since. SAYS lines; it ends when they were read, or on SIGTERM.
 */
import { writeFileSync } from "node:fs";
import { Output } from "../../src/cli/terminal/output.ts";

const output = new Output(() => {});
process.once("SIGTERM", () => {
  output.abandon();
  output.say("last words");
});
for (let index = 0; index < Number(process.env["SAYS"]); index++) {
  output.say(`line ${String(index).padStart(6, "0")}`);
}
setTimeout(() => writeFileSync(process.env["FILE"]!, String(process.pid)), 1);
await output.messagesWritten();
process.exit(0);
