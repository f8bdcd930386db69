/** What the decoder tests share: feeding a decoder, and looking at what came out. */
import { FrameDecoder, type FrameDecoderOptions, type FrameEvent } from "../../src/wire/decoder.ts";
import type { FrameValue } from "./read-vectors.ts";
import { join } from "../support/chop.ts";

export const MAX_FRAME = 1024 * 1024 + 1024;

/** All events that the decoder has by now. */
export function drain(decoder: FrameDecoder): FrameEvent[] {
  const events: FrameEvent[] = [];
  for (let event = decoder.next(); event !== undefined; event = decoder.next()) events.push(event);
  return events;
}

/** All events of these chunks. */
export function decode(
  chunks: readonly Uint8Array[],
  options: FrameDecoderOptions = { maxFrame: MAX_FRAME },
): FrameEvent[] {
  const decoder = new FrameDecoder(options);
  const events: FrameEvent[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    events.push(...drain(decoder));
  }
  decoder.end();
  return events;
}

/** Events as whole frames again, Data included; fails when payload events do not add up. */
export function framesOf(events: readonly FrameEvent[]): FrameValue[] {
  const frames: FrameValue[] = [];
  for (let at = 0; at < events.length; at++) {
    const event = events[at]!;
    if (event.type === "payload") throw new Error("a payload event without its data event");
    if (event.type === "frame") {
      frames.push({ stream: event.stream, body: event.body });
      continue;
    }
    const slices: Uint8Array[] = [];
    for (let remaining = event.length; remaining > 0;) {
      const slice = events[++at];
      if (slice?.type !== "payload" || slice.bytes.length === 0) {
        throw new Error(`${remaining} bytes of payload missing`);
      }
      remaining -= slice.bytes.length;
      if (slice.remaining !== remaining) throw new Error(`${slice.remaining}, not ${remaining}`);
      slices.push(slice.bytes);
    }
    const { stream, offset, crc32 } = event;
    const value = { offset, ...(crc32 === undefined ? {} : { crc32 }), payload: join(slices) };
    frames.push({ stream, body: { case: "data", value } });
  }
  return frames;
}
