/** The process for one client: serves the connection that it was started with, and ends with it. */
import { handle } from "./handle.ts";
import { adopt } from "./sockets.ts";

await handle(await adopt(3), `process ${process.pid}`);
