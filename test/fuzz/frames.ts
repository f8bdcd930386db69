/**
 * Single frames against the decoder. It says the same however the bytes are cut, and the same as protobufjs, but for three
 * rules: a frame beyond `maxFrame` is refused, so is a body beyond `maxBody`, and in a frame that is as long, bodies that
 * another one replaces are not looked at.
 */
import { LeatError } from "../../src/errors.ts";
import { FrameDecoder, type FrameDecoderOptions } from "../../src/wire/decoder.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { withLastBody } from "../../src/wire/last-body.ts";
import { type Random, chop, chopAtRandom } from "../support/chop.ts";
import { drain, framesOf } from "../wire/events.ts";
import { oracle, typeOf } from "../wire/oracle.ts";

const Frame = typeOf("Frame");
const WHOLE: FrameDecoderOptions = { maxFrame: 1 << 20 };
/** As a server has them, only smaller: both rules are met often. */
const BOUNDED = { maxFrame: 400, maxBody: 60 } satisfies FrameDecoderOptions;
const SIZES = "TOO_LARGE";

/** @returns what is wrong; undefined where nothing is */
export function checkFrame(frame: Uint8Array, random: Random): string | undefined {
  const bytes = delimit(frame);
  const expected = oracle(bytes);
  const whole = meaning([bytes], WHOLE);
  if (whole !== expected) return `protobufjs: ${expected}, leat: ${whole}`;
  // Most of the time goes to the other ways: a part of the frames is enough.
  if (random.below(8) > 0) return undefined;
  const cut = meaning(chopAtRandom(bytes, random, 30), WHOLE);
  if (cut !== whole) return `whole: ${whole}, in pieces: ${cut}`;
  const bounded = meaning([bytes], BOUNDED);
  if (bounded !== whole && bounded !== SIZES && bounded !== lastOnly(frame)) {
    return `${whole}, bounded: ${bounded}`;
  }
  const single = meaning(chop(bytes, [1]), BOUNDED);
  return single === bounded ? undefined : `whole: ${bounded}, byte by byte: ${single}`;
}

function lastOnly(frame: Uint8Array): string {
  return frame.length > BOUNDED.maxBody ? oracle(delimit(withLastBody(frame))) : "";
}

/** The canonical bytes of what one frame means; "refused", or TOO_LARGE. Anything else is thrown. */
function meaning(chunks: readonly Uint8Array[], options: FrameDecoderOptions): string {
  const decoder = new FrameDecoder(options);
  try {
    const events = chunks.flatMap((chunk) => {
      decoder.push(chunk);
      return drain(decoder);
    });
    decoder.end();
    const [first, ...rest] = framesOf(events);
    if (first === undefined || rest.length > 0) return `${rest.length + 1} frames`;
    const { stream, body } = first;
    if (body === undefined) return Buffer.from(Frame.encodeDelimited({ stream }).finish()).toHex();
    return encodeFrame(stream, body).toHex();
  } catch (error) {
    if (!(error instanceof LeatError)) throw error;
    if (error.code === "PROTOCOL_ERROR") return "refused";
    if (error.code === SIZES) return SIZES;
    throw error;
  }
}
