/**
 * A file server inside a program: `bun examples/embed/serve.ts FOLDER [PORT]`.
 * After Ctrl-C, open transfers may continue for 5 seconds. Then the server ends.
 */
import { createServer, LeatError } from "leat";

const [folder = "library", port = "0"] = process.argv.slice(2);

try {
  const server = await createServer({
    library: folder,
    port: Number(port),
    maxConnections: 100,
    log: {
      debug() {},
      info: (facts, message) => console.error(message, facts),
      warn: (facts, message) => console.error(message, facts),
      error: (facts, message) => console.error(message, facts),
    },
  });
  console.log(`serving ${folder} on ${server.address}`);
  process.once("SIGINT", () => void server.stop({ drain: 5000 }));
} catch (error) {
  if (!(error instanceof LeatError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
