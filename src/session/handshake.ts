/** What a Hello and a Welcome hold, and must hold. */
import { LeatError } from "../errors.ts";
import { MAX_FRAME, MAX_FRAME_RANGE, PROTOCOL_VERSION } from "../limits.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Credentials, Hello, Welcome } from "../wire/gen/messages.ts";
import { MAGIC } from "../wire/opening.ts";
import type { SessionOptions } from "./options.ts";

const MAX_FEATURES = 64;
const MAX_FEATURE_LENGTH = 64;
const MAX_AGENT_LENGTH = 128;

/** @throws VERSION_UNSUPPORTED, INVALID_ARGUMENT */
export function checkHello(hello: Hello): void {
  const { minimumVersion: least, maximumVersion: most } = hello;
  if (least > PROTOCOL_VERSION || most < PROTOCOL_VERSION) {
    throw new LeatError(
      "VERSION_UNSUPPORTED",
      `the client speaks protocol versions ${least} to ${most}, this server speaks ${PROTOCOL_VERSION}`,
    );
  }
  checkFrameLimit(hello.maxFrame);
  if (
    hello.features.length > MAX_FEATURES ||
    hello.features.some((feature) => byteLength(feature) > MAX_FEATURE_LENGTH)
  ) {
    throw new LeatError(
      "INVALID_ARGUMENT",
      `Hello names at most ${MAX_FEATURES} features of at most ${MAX_FEATURE_LENGTH} bytes`,
    );
  }
  const agentLength = byteLength(hello.agent);
  if (agentLength > MAX_AGENT_LENGTH) {
    throw new LeatError(
      "INVALID_ARGUMENT",
      `agent has ${agentLength} bytes where ${MAX_AGENT_LENGTH} are allowed`,
    );
  }
}

/** @throws VERSION_UNSUPPORTED, PROTOCOL_ERROR */
export function checkWelcome(welcome: Welcome): void {
  if (welcome.version !== PROTOCOL_VERSION) {
    throw new LeatError(
      "VERSION_UNSUPPORTED",
      `the server chose protocol version ${welcome.version}, this client speaks ${PROTOCOL_VERSION}`,
    );
  }
  if (welcome.maxStreams < 1) {
    throw new LeatError("PROTOCOL_ERROR", "the server allows 0 streams");
  }
  checkFrameLimit(welcome.maxFrame);
}

/** The peer's frame limit with its default. */
export function frameLimit(named: number): number {
  return named === 0 ? MAX_FRAME : named;
}

function checkFrameLimit(named: number): void {
  const limit = frameLimit(named);
  if (limit < MAX_FRAME_RANGE.least || limit > MAX_FRAME_RANGE.most) {
    throw new LeatError(
      "INVALID_ARGUMENT",
      `max_frame is ${limit} bytes where ${MAX_FRAME_RANGE.least} to ${MAX_FRAME_RANGE.most} are allowed`,
    );
  }
}

const encoder = new TextEncoder();
const byteLength = (text: string): number => encoder.encode(text).length;

type Body<Case extends FrameBodyInit["case"]> = Extract<FrameBodyInit, { case: Case }>;

export function helloBody(options: SessionOptions, credentials?: Credentials): Body<"hello"> {
  return {
    case: "hello",
    value: {
      magic: MAGIC,
      minimumVersion: PROTOCOL_VERSION,
      maximumVersion: PROTOCOL_VERSION,
      ...(credentials === undefined ? {} : { credentials }),
      initialWindow: options.initialWindow,
      maxFrame: options.maxFrame,
      agent: options.agent,
    },
  };
}

/** @param window credit of each upload when it opens, in bytes */
export function welcomeBody(options: SessionOptions, window: number): Body<"welcome"> {
  return {
    case: "welcome",
    value: {
      magic: MAGIC,
      version: PROTOCOL_VERSION,
      maxStreams: options.maxStreams,
      maxFrame: options.maxFrame,
      initialWindow: window,
      agent: options.agent,
    },
  };
}
