/**
 * The iterative server on UDP, with two clients: one that stays, and one that does not have to wait for it.
 *
 *   bun examples/models/udp.ts
 *
 * The steps of the server:
 *   1. make a socket and bind it; nothing listens, nothing is accepted
 *   2. wait for a datagram: a whole question, with the address it came from (recvfrom)
 *   3. answer it at once (sendto)
 *   4. go back to 2
 *
 * A question takes as long as its answer takes. Between two of them no client is being served, so
 * no client can block the others. But the server does not know whether an answer arrived, or whether it
 * came twice, and a file does not fit in a datagram. The program would have to do what TCP does.
 */
const server = await Bun.udpSocket({
  hostname: "127.0.0.1", // 1
  socket: {
    data(socket, question, port, address) {
      socket.send(`OK ${question}`, port, address); // 2, 3; the event loop is 4
    },
  },
});

/** A client's question, and its answer. UDP loses datagrams, so the client needs a deadline. */
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
