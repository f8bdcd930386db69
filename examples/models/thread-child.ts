/** The thread for one client: serves the connection that it was started with, and ends with it. */
import { threadId, workerData } from "node:worker_threads";
import { handle } from "./handle.ts";
import { adopt } from "./sockets.ts";

await handle(await adopt(Number(workerData)), `process ${process.pid}, thread ${threadId}`);
