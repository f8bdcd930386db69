/**
 * The program of a process or thread that serves for a server: waits for its options and its socket, serves,
 * and ends. When the server dies, it ends at once.
 */
import { isMainThread, parentPort } from "node:worker_threads";
import { createRuntime } from "../../connection/runtime.ts";
import { SEND_BUFFERS } from "../../limits.ts";
import { adopt } from "../../net/handover.ts";
import { Host, openStore } from "../host/host.ts";
import { openUsers } from "../users/open.ts";
import { LeatServer } from "../loop/leat-server.ts";
import type { Changed } from "../options/options.ts";
import { ChildLog } from "./child-log.ts";
import type { ChildOptions, ChildSocket, FromChild, ToChild } from "./child-messages.ts";

/** The channel to the server. */
interface Channel {
  send(message: FromChild): void;
  /** Ends this process or thread once all messages have left. */
  end(): void;
}

function threadChannel(onMessage: (message: ToChild) => void): Channel {
  const port = parentPort!;
  port.on("message", onMessage);
  return {
    send: (message) => port.postMessage(message),
    end: () => port.close(),
  };
}

function processChannel(onMessage: (message: ToChild) => void): Channel {
  process.on("message", onMessage);
  process.on("disconnect", () => process.exit(0));
  // A Ctrl-C goes to all processes of a terminal, and `systemctl kill` to all of a unit: the server
  // handles it, and sends a message.
  for (const signal of ["SIGINT", "SIGHUP", "SIGUSR2"] as const) process.on(signal, () => {});
  return {
    send: (message) => void process.send?.(message),
    end: () => process.disconnect?.(),
  };
}

let server: LeatServer | undefined;
/** Resolves when it listens on its socket, or serves its client. */
let serving: Promise<void> | undefined;
const channel = isMainThread ? processChannel(onMessage) : threadChannel(onMessage);
if (isMainThread) process.on("SIGTERM", () => stop());
const log = new ChildLog((message) => channel.send(message));
channel.send({ case: "running" });

function onMessage(message: ToChild): void {
  if (message.case === "count") return void sendCounts();
  if (message.case === "stop") return stop(message.drain);
  if (message.case === "reload") {
    log.want(message.logKinds);
    return reload(message.changed);
  }
  serving = serve(message.socket, message.options).catch((thrown: unknown) => {
    log.error({ err: thrown }, "cannot serve");
    end();
  });
}

async function serve(socket: ChildSocket, options: ChildOptions): Promise<void> {
  const oneClient = socket.case === "client";
  log.want(options.logKinds);
  const runtime = createRuntime(Math.max(1, Math.floor(SEND_BUFFERS / options.parts)));
  const users = await openUsers(options.users, { ...options, records: options.userRecords });
  const host = new Host(openStore(options), { ...options, oneClient, log }, runtime, users);
  server = new LeatServer(host, {
    onConnections: (connections) => {
      if (!oneClient) channel.send({ case: "connections", connections });
      else if (connections === 0) stop(0);
    },
  });
  if (socket.case === "listener") {
    server.listen(socket.address, socket.fd);
    return channel.send({ case: "ready" });
  }
  // After this message the server no longer closes it: the number may soon belong to another socket.
  channel.send({ case: "ready" });
  await adopt(socket.fd, socket.peer, server.accept, options.tls);
}

function reload(changed: Changed): void {
  // Not before it serves: it may have read the file before it was changed.
  Promise.resolve(serving)
    .then(() => server?.reload(changed))
    .catch((err: unknown) =>
      log.error({ err }, "the users, or the certificate, stay as they were"),
    );
}

function stop(drain?: number): void {
  // Not before its client is served, which has to hear of it, too.
  Promise.resolve(serving)
    .then(() => server?.stop(drain === undefined ? {} : { drain }))
    .then(end, end);
}

let ended = false;

async function end(): Promise<void> {
  if (ended) return;
  ended = true;
  await sendCounts();
  log.flush();
  channel.send({ case: "done" });
  channel.end();
}

async function sendCounts(): Promise<void> {
  if (server === undefined) return;
  const { total, now, requests } = await server.counts();
  // What a thread reads of its process is that of all threads.
  const counts = isMainThread
    ? { total, now, requests }
    : { total: { ...total, cpuSeconds: 0 }, now: { ...now, residentBytes: 0 }, requests };
  channel.send({ case: "counts", counts });
}
