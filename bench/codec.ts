/** Frames to bytes and back, beside plain protobufjs: what every frame costs, Data above all. */
import { Writer } from "protobufjs/minimal.js";
import { bench, do_not_optimize, group, run as runAll, summary } from "mitata";
import { KiB, MAX_FRAME, MiB } from "../src/limits.ts";
import { FrameDecoder } from "../src/wire/decoder.ts";
import {
  type FrameBodyInit,
  dataHeadLength,
  encodeFrame,
  writeDataHead,
} from "../src/wire/frame.ts";
import { leat } from "../src/wire/gen/leat.js";
import type { Suite } from "./support/record.ts";
import { varintLength } from "../src/wire/varint.ts";

const STREAM = 3;
const OFFSET = 5 * MiB;
const CRC = 0x12345678;

/** Whole Data frames, as they come from a socket. */
function dataFrame(size: number): Uint8Array {
  const head = dataHeadLength(STREAM, OFFSET, size, true);
  const frame = new Uint8Array(head + size);
  writeDataHead(frame, 0, STREAM, OFFSET, size, CRC);
  return frame;
}

function decodeAll(decoder: FrameDecoder, frame: Uint8Array): void {
  decoder.push(frame);
  for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
    do_not_optimize(event);
  }
}

const small: Record<string, FrameBodyInit> = {
  credit: { case: "credit", value: { bytes: 524288 } },
  request: {
    case: "request",
    value: { operation: { case: "get", value: { path: "photos/2026/summer.jpg" } } },
  },
  finish: { case: "finish", value: { size: 123456789, crc32: CRC } },
};

/** The same frame as protobufjs takes it. */
function plain(body: FrameBodyInit): object {
  if (body.case !== "request") return { stream: STREAM, [body.case]: body.value };
  const { operation } = body.value;
  return { stream: STREAM, request: { [operation!.case]: operation!.value } };
}

/** Encodes with the length in front, as protobufjs' own encodeDelimited does. */
function protobufjsEncode(message: object): Uint8Array {
  return leat.v1.Frame.encode(message, Writer.create().fork()).ldelim().finish();
}

async function run(): Promise<void> {
  for (const size of [4 * KiB, 64 * KiB, MiB]) {
    const frame = dataFrame(size);
    const payload = frame.subarray(frame.length - size);
    const into = new Uint8Array(frame.length);
    const lengthPrefix = varintLength(frame.length - varintLength(frame.length));
    const body = frame.subarray(lengthPrefix);
    group(`Data of ${size / KiB} KiB`, () => {
      summary(() => {
        bench("leat: head written in front of the payload", () =>
          do_not_optimize(writeDataHead(into, 0, STREAM, OFFSET, size, CRC)),
        );
        bench("protobufjs: whole frame encoded", () =>
          do_not_optimize(
            protobufjsEncode({ stream: STREAM, data: { offset: OFFSET, crc32: CRC, payload } }),
          ),
        );
      });
      summary(() => {
        const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
        bench("leat: decoded as it came", () => decodeAll(decoder, frame));
        bench("protobufjs: decoded once assembled", () =>
          do_not_optimize(leat.v1.Frame.decode(body)),
        );
      });
    });
  }
  for (const [name, body] of Object.entries(small)) {
    const frame = encodeFrame(STREAM, body);
    const message = plain(body);
    group(name, () => {
      summary(() => {
        bench("leat: encode", () => do_not_optimize(encodeFrame(STREAM, body)));
        bench("protobufjs: encode", () => do_not_optimize(protobufjsEncode(message)));
      });
      summary(() => {
        const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
        bench("leat: decode, checked, plain", () => decodeAll(decoder, frame));
        bench("protobufjs: decode", () => do_not_optimize(leat.v1.Frame.decode(frame.subarray(1))));
      });
    });
  }
  await runAll({ throw: true });
}

export const codec: Suite = {
  name: "codec",
  title: "frames to bytes and back, beside plain protobufjs",
  run,
};
