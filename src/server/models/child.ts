/**
 * The program of a process or thread that serves for a server: it is told what, serves it, and ends.
 * When the server is gone without a word, it ends at once.
 */
import { isMainThread, parentPort } from "node:worker_threads";
import { createRuntime } from "../../connection/runtime.ts";
import { SEND_BUFFERS } from "../../limits.ts";
import { adopt } from "../../net/handover.ts";
import { Host, openStore } from "../host/host.ts";
import { LeatServer } from "../loop/leat-server.ts";
import { ChildLog } from "./child-log.ts";
import type { ChildOptions, FromChild, Given, ToChild } from "./child-messages.ts";

/** The way to the server. */
interface Line {
  send(message: FromChild): void;
  /** Ends this process or thread once what was sent has left. */
  end(): void;
}

function threadLine(onMessage: (message: ToChild) => void): Line {
  const port = parentPort!;
  port.on("message", onMessage);
  return {
    send: (message) => port.postMessage(message),
    end: () => port.close(),
  };
}

function processLine(onMessage: (message: ToChild) => void): Line {
  process.on("message", onMessage);
  process.on("disconnect", () => process.exit(0));
  // A Ctrl-C goes to all processes of a terminal, and `systemctl kill` to all of a unit: what it means
  // is for the server to say.
  for (const signal of ["SIGINT", "SIGHUP", "SIGUSR2"] as const) process.on(signal, () => {});
  return {
    send: (message) => void process.send?.(message),
    end: () => process.disconnect?.(),
  };
}

let server: LeatServer | undefined;
/** Resolves when the socket that was given is listened on, or its client is served. */
let serving: Promise<void> | undefined;
const line = isMainThread ? processLine(hear) : threadLine(hear);
if (isMainThread) process.on("SIGTERM", () => stop());
const log = new ChildLog((message) => line.send(message));
line.send({ case: "running" });

function hear(message: ToChild): void {
  if (message.case === "stop") return stop(message.drain);
  serving = serve(message.given, message.options).catch((thrown: unknown) => {
    log.error({ err: thrown }, "cannot serve");
    end();
  });
}

async function serve(given: Given, options: ChildOptions): Promise<void> {
  const oneClient = given.case === "client";
  log.want(options.logLevels);
  const runtime = createRuntime(Math.max(1, Math.floor(SEND_BUFFERS / options.parts)));
  const host = new Host(openStore(options), { ...options, oneClient, log }, runtime);
  server = new LeatServer(host, {
    onConnections: (connections) => {
      if (!oneClient) line.send({ case: "connections", connections });
      else if (connections === 0) stop(0);
    },
  });
  if (given.case === "listener") {
    server.listen(given.address, given.fd);
    return line.send({ case: "ready" });
  }
  // From here on this process or thread closes it, and no other: its number may soon be of another one.
  line.send({ case: "ready" });
  await adopt(given.fd, given.peer, server.accept);
}

function stop(drain?: number): void {
  // A client that is about to be served is told, too.
  const served = Promise.resolve(serving);
  served.then(() => server?.stop(drain === undefined ? {} : { drain })).then(end, end);
}

let ended = false;

function end(): void {
  if (ended) return;
  ended = true;
  log.flush();
  line.send({ case: "done" });
  line.end();
}
