/**
 * The iterative echo server with UDP. It has two clients: one stays, and the other need not wait for it.
 *
 *   bun examples/models/udp.ts
 *
 * The steps of the server:
 *   1. make a socket and bind it; UDP has no `listen` and no `accept`
 *   2. wait for a datagram (recvfrom); it is a whole question, and has the address of the client
 *   3. answer it immediately (sendto)
 *   4. go back to 2
 *
 * The server is done with a client after each answer, so no client can make the others wait. But the server does
 * not know whether an answer arrived, or whether it arrived twice. A file does not fit in a datagram either. A
 * file server on UDP would have to do itself what TCP does.
 */
const server = await Bun.udpSocket({
  hostname: "127.0.0.1", // 1
  socket: {
    data(socket, question, port, address) {
      socket.send(`OK ${question}`, port, address); // 2, 3; the event loop is 4
    },
  },
});

/** Sends a question and returns the answer. UDP may lose datagrams, so the client needs a deadline. */
async function ask(text: string): Promise<string> {
  const answer = Promise.withResolvers<string>();
  const late = setTimeout(() => answer.reject(new Error("no answer within 1 s")), 1000);
  const client = await Bun.udpSocket({
    connect: { hostname: "127.0.0.1", port: server.port },
    socket: { data: (_, bytes) => answer.resolve(bytes.toString()) },
  });
  clients.push(client);
  client.send(text);
  const said = await answer.promise;
  clearTimeout(late);
  return said;
}

const clients: { close(): void }[] = [];
console.log(`the first client:  ${await ask("I stay")}`);
const began = performance.now();
const answer = await ask("and I?");
const milliseconds = (performance.now() - began).toFixed(1);
console.log(`the second client: ${answer}, after ${milliseconds} ms, and the first is still there`);
for (const socket of [...clients, server]) socket.close();
