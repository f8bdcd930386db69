/** A server that asks for a block again on its stream: leat's client does not, and says so. */
import { expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { MAX_FRAME, MiB } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { encodeFrame, type FrameBodyInit } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { refusal } from "../support/refusal.ts";

/** Welcomes, accepts an upload, and then asks a hundred times for a block that was never sent. */
function resender() {
  const heard: string[] = [];
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const send = (stream: number, body: FrameBodyInit): void =>
          void socket.write(encodeFrame(stream, body));
        decoder.push(chunk);
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
          if (event.type !== "frame" || event.body === undefined) continue;
          const { stream, body } = event;
          heard.push(body.case);
          if (body.case === "hello") {
            const window = { maxStreams: 4, maxFrame: MAX_FRAME, initialWindow: 1024 };
            send(0, { case: "welcome", value: { magic: MAGIC, version: 1, ...window } });
          } else if (body.case === "request" && body.value.operation?.case === "put") {
            const { uploadId } = body.value.operation.value;
            send(stream, {
              case: "response",
              value: { result: { case: "put", value: { uploadId } } },
            });
            for (let n = 0; n < 100; n += 1) {
              send(stream, { case: "resend", value: { offset: n * MiB, length: MiB } });
            }
          } else if (body.case === "ping") send(0, { case: "pong", value: body.value });
        }
      },
    },
  });
  return { listener, heard };
}

test("a server that floods an upload with Resends is given up, typed and at once", async () => {
  const { listener, heard } = resender();
  const client = await connect(`127.0.0.1:${listener.port}`, { retry: 20_000 });
  const error = await refusal(client.put("file", new Uint8Array(2 * MiB)));
  expect(error.code).toBe("UNIMPLEMENTED");
  expect(await client.ping()).toBeGreaterThanOrEqual(0);
  expect(heard.filter((frame) => frame === "cancel" || frame === "failure")).toHaveLength(1);
  listener.stop(true);
  await client.close();
});
