/**
 * A process that writes 1 MiB to stdout, which it makes `nonblocking` if asked. It makes the file FILE of the
 * environment when its event loop has gone on ten times since it began.
 */
import { FFIType } from "bun:ffi";
import { writeFileSync } from "node:fs";
import {
  STDERR,
  STDOUT,
  isTerminal,
  say,
  writeAll,
} from "../../src/cli/terminal/standard-streams.ts";
import { openLibc } from "../../src/libc.ts";

const F_SETFL = 4;
const O_NONBLOCK = 0x800;

if (process.argv[2] === "nonblocking") {
  const { int: i32 } = FFIType;
  const libc = openLibc({ fcntl: { args: [i32, i32, i32], returns: i32 } });
  libc?.fcntl(STDOUT, F_SETFL, O_NONBLOCK);
}
let turns = 0;
const timer = setInterval(() => {
  if (++turns === 10) writeFileSync(process.env["FILE"]!, "");
}, 1);
const bytes = new Uint8Array(1 << 20).map((_, index) => index >> 12);
await writeAll(STDOUT, bytes);
clearInterval(timer);
say(STDERR, `written; terminals: ${isTerminal(STDOUT)} ${isTerminal(STDERR)}\n`);
process.exit();
