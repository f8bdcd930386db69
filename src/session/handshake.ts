/** Hello and Welcome: how they are made and checked, and the terms that both sides agree on. */
import { LeatError } from "../errors.ts";
import { MAX_FRAME, MAX_FRAME_RANGE, PROTOCOL_VERSION } from "../limits.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Credentials, Hello, Welcome } from "../wire/gen/messages.ts";
import { MAGIC } from "../wire/opening.ts";
import type { SessionOptions } from "./options.ts";

const MAX_FEATURES = 64;
const MAX_FEATURE_LENGTH = 64;
const MAX_AGENT_LENGTH = 128;

/** hello: nothing came. deciding: the server checks the Hello. closing: input is ignored. */
export type Phase = "hello" | "deciding" | "open" | "closing";

/** How far a connection is, and its terms. */
export class Handshake {
  readonly #options: SessionOptions;
  #phase: Phase = "hello";
  #peerFrame = frameLimit(0);
  #peerWindow = 0;
  #window: number;
  #features: readonly string[] = [];
  /** When Hello was sent, in milliseconds. */
  #sentAt = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#window = options.initialWindow;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The largest frame the peer takes, in bytes. */
  get peerFrame(): number {
    return this.#peerFrame;
  }

  /** Credit that the peer gives each stream when it opens, in bytes. */
  get peerWindow(): number {
    return this.#peerWindow;
  }

  /** Credit that we give, in bytes. */
  get window(): number {
    return this.#window;
  }

  /** Names of the optional features that both sides know; none before the other side has said so. */
  get features(): readonly string[] {
    return this.#features;
  }

  hello(now: number, credentials: Credentials | undefined): Body<"hello"> {
    this.#sentAt = now;
    return helloBody(this.#options, credentials);
  }

  /** @throws VERSION_UNSUPPORTED, INVALID_ARGUMENT */
  onHello(hello: Hello): void {
    checkHello(hello);
    this.#phase = "deciding";
    this.#peerFrame = frameLimit(hello.maxFrame);
    this.#peerWindow = hello.initialWindow;
    this.#agree(hello.features);
  }

  /** @param window credit of each upload when it opens, in bytes */
  welcome(window: number): Body<"welcome"> {
    this.#phase = "open";
    this.#window = window;
    return welcomeBody(this.#options, window, this.#features);
  }

  /** @returns milliseconds since Hello @throws VERSION_UNSUPPORTED, PROTOCOL_ERROR */
  onWelcome(welcome: Welcome, now: number): number {
    checkWelcome(welcome);
    this.#phase = "open";
    this.#peerFrame = frameLimit(welcome.maxFrame);
    this.#peerWindow = welcome.initialWindow;
    this.#agree(welcome.features);
    return now - this.#sentAt;
  }

  close(): void {
    this.#phase = "closing";
  }

  #agree(theirs: readonly string[]): void {
    const ours = this.#options.features ?? [];
    const both = ours.filter((feature) => theirs.includes(feature));
    // Connections of the same version share one list.
    this.#features = both.length === ours.length ? ours : both;
  }
}

/** @throws VERSION_UNSUPPORTED, INVALID_ARGUMENT */
function checkHello(hello: Hello): void {
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
function checkWelcome(welcome: Welcome): void {
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
function frameLimit(named: number): number {
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

function helloBody(options: SessionOptions, credentials: Credentials | undefined): Body<"hello"> {
  return {
    case: "hello",
    value: {
      magic: MAGIC,
      minimumVersion: PROTOCOL_VERSION,
      maximumVersion: PROTOCOL_VERSION,
      features: [...(options.features ?? [])],
      credentials,
      initialWindow: options.initialWindow,
      maxFrame: options.maxFrame,
      agent: options.agent,
    },
  };
}

/** @param window credit of each upload when it opens, in bytes */
function welcomeBody(
  options: SessionOptions,
  window: number,
  features: readonly string[],
): Body<"welcome"> {
  return {
    case: "welcome",
    value: {
      magic: MAGIC,
      version: PROTOCOL_VERSION,
      features: [...features],
      maxStreams: options.maxStreams,
      maxFrame: options.maxFrame,
      initialWindow: window,
      agent: options.agent,
    },
  };
}
