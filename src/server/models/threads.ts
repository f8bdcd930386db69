/**
 * The model `threads`: a thread for each client. Threads share the descriptors of their process: each gets the
 * number of a duplicate of the accepted socket, and the server closes the original.
 */
import { Worker } from "node:worker_threads";
import { closeDuplicate, duplicate } from "../../net/duplicate.ts";
import type { Child, FromChild } from "./child-messages.ts";
import { CHILD_MODULE } from "./program.ts";

export function startThread(original: number, onMessage: (message: FromChild) => void): Child {
  const fd = duplicate(original);
  const thread = new Worker(CHILD_MODULE);
  let adopted = false;
  let done = false;
  let failure: string | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<string | undefined>();
  thread.on("message", (message: FromChild) => {
    adopted ||= message.case === "ready";
    done ||= message.case === "done";
    onMessage(message);
  });
  thread.on("error", (error: Error) => {
    failure = error.message;
  });
  thread.on("exit", (code) => {
    if (!adopted) closeDuplicate(fd);
    resolve(done ? undefined : (failure ?? `exit code ${code}`));
  });
  return {
    facts: { thread: thread.threadId },
    fd,
    ended,
    kill: () => void thread.terminate(),
    send: (message) => thread.postMessage(message, []),
  };
}
