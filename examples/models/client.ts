/**
 * Sends the lines of stdin and prints the answers. Ctrl-D leaves.
 *
 *   bun examples/models/client.ts [--host 127.0.0.1] [--port 8888]
 */
import { connect } from "node:net";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8888" },
  },
});

const socket = connect(Number(values.port), values.host);
socket.on("connect", () => console.error(`connected from port ${socket.localPort}`));
socket.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
// The server has closed the connection. Do not wait for stdin, which may still be open.
socket.on("close", () => process.exit());

// The end of stdin ends only this direction of the connection; answers still arrive.
process.stdin.pipe(socket);
socket.pipe(process.stdout);
