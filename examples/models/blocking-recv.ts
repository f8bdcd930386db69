/**
 * Shows a `recv` that blocks, in a program with an event loop. It runs on Linux only.
 *
 *   bun examples/models/blocking-recv.ts
 *
 * The client sends something after 500 ms. Bun's socket is non-blocking, so reading it first fails with EAGAIN.
 * Then the program clears the flag O_NONBLOCK and reads again. Now the read waits in the kernel, and a timer of
 * 100 ms fires only after 500 ms. Everything else in this process waits, too: other clients, Ctrl-C, deadlines.
 */
import { dlopen } from "bun:ffi";
import { constants, readSync } from "node:fs";
import type { Client } from "./sockets.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const { fcntl } = dlopen("libc.so.6", {
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
}).symbols;

const accepted = Promise.withResolvers<Client>();
const listener = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.pause(); // otherwise Bun itself reads the bytes
      accepted.resolve(socket as unknown as Client);
    },
    data() {},
  },
});
const speak = `const socket = await Bun.connect({
  hostname: "127.0.0.1", port: ${listener.port}, socket: { data() {} },
});
setTimeout(() => socket.end("hello"), 500);`;
const client = Bun.spawn([process.execPath, "-e", speak], {
  stdio: ["ignore", "inherit", "inherit"],
});
const socket = await accepted.promise;

const bytes = Buffer.alloc(1024);
try {
  readSync(socket.fd, bytes);
} catch (error) {
  console.log(`non-blocking: ${(error as NodeJS.ErrnoException).code}`);
}

const began = performance.now();
const since = (): string => `${Math.round(performance.now() - began)} ms`;
setTimeout(() => console.log(`the timer of 100 ms: after ${since()}`), 100);
fcntl(socket.fd, F_SETFL, fcntl(socket.fd, F_GETFL, 0) & ~constants.O_NONBLOCK);
const length = readSync(socket.fd, bytes);
console.log(`blocking: "${bytes.toString("utf8", 0, length)}" after ${since()}`);
socket.close();
listener.stop();
await client.exited;
