/**
 * `leat/codec`: delimited messages of any schema, as bytes and over TCP. It knows no message of
 * leat. A codec is anything with `encode` and `decode`:
 *
 *  - protobufjs: a reflected `Type`, or a class of its static code, as it is
 *  - ts-proto: the generated object, as it is
 *  - protobuf-es: `{ encode: (m) => toBinary(Schema, m), decode: (b) => fromBinary(Schema, b) }`
 *
 * @module leat/codec
 */
import { type Channel, type ChannelOptions, createChannel } from "./codec/channel.ts";
import { LeatError } from "./errors.ts";
import { CONNECT_DEADLINE, MAX_CONNECTIONS } from "./limits.ts";
import { addressText, connectBun, listenBun } from "./net/bun.ts";
import type { Address } from "./net/transport.ts";

export { Channel, type ChannelOptions, type Codec } from "./codec/channel.ts";
export { CODES, LeatError, type ErrorCode } from "./errors.ts";
export type { Address } from "./net/transport.ts";
export {
  delimit,
  DelimitedDecoder,
  encodeDelimited,
  MessageDecoder,
  type Decoder,
  type DelimitedOptions,
  type Encoder,
} from "./wire/delimited.ts";

/** Where to listen, the codec of the messages, and the function that serves a peer. */
export type ListenOptions<Send, Receive> = Address &
  ChannelOptions<Send, Receive> & {
    /** Serves a peer. The channel is closed when the promise settles. */
    readonly onOpen: (channel: Channel<Send, Receive>) => Promise<void>;
    /**
     * Called with the error that `onOpen` rejected with. Without it, a LeatError (the peer broke off,
     * or sent bytes that are no message) is ignored, as it concerns that peer alone; any other error is
     * uncaught.
     */
    readonly onError?: (error: unknown, channel: Channel<Send, Receive>) => void;
    /** The most peers at once: the connection of one more is closed. 4096 unless given. */
    readonly maxChannels?: number;
  };

/** A place where peers connect. Closed with `await using`, or by `close`. */
export interface ChannelListener<Send, Receive = Send> extends AsyncDisposable {
  /** `HOST:PORT` as bound, or `unix:PATH`. */
  readonly address: string;
  readonly port: number;
  /** The open channels. */
  readonly channels: ReadonlySet<Channel<Send, Receive>>;
  /** Accepts no new peers; open channels stay open. */
  stop(): void;
  /** Stops, and closes all channels; `await using` does the same. */
  close(): Promise<void>;
}

/**
 * Listens for peers that speak the codec. Port 0 picks a free one.
 * @throws LeatError UNAVAILABLE when the port is taken, PERMISSION_DENIED when it may not be used
 */
export function listen<Send, Receive = Send>(
  options: ListenOptions<Send, Receive>,
): ChannelListener<Send, Receive> {
  const channels = new Set<Channel<Send, Receive>>();
  const most = options.maxChannels ?? MAX_CONNECTIONS;
  const listener = listenBun(addressOf(options), (transport) => {
    const { channel, handler } = createChannel(transport, options);
    channels.add(channel);
    void channel.closed.then(() => channels.delete(channel));
    // Not before the transport has its handler.
    queueMicrotask(() => {
      if (channels.size <= most) void serve(channel, options);
      else channel.abort(new LeatError("RESOURCE_EXHAUSTED", `${most} channels are open`));
    });
    return handler;
  });
  const close = async (): Promise<void> => {
    listener.stop();
    await Promise.all([...channels].map((channel) => channel.close()));
  };
  const { address, port } = listener;
  const stop = () => listener.stop();
  return { address, port, channels, stop, close, [Symbol.asyncDispose]: close };
}

async function serve<Send, Receive>(
  channel: Channel<Send, Receive>,
  options: ListenOptions<Send, Receive>,
): Promise<void> {
  try {
    await options.onOpen(channel);
  } catch (error) {
    if (options.onError !== undefined) options.onError(error, channel);
    else if (!(error instanceof LeatError)) throw error;
  } finally {
    await channel.close();
  }
}

/** The address of the peer, and the codec of the messages. */
export type ConnectOptions<Send, Receive> = Address & ChannelOptions<Send, Receive>;

/**
 * Connects to a peer that speaks the codec.
 * @throws LeatError UNAVAILABLE when nothing listens at the address; DEADLINE_EXCEEDED after 10 s
 */
export async function connect<Send, Receive = Send>(
  options: ConnectOptions<Send, Receive>,
): Promise<Channel<Send, Receive>> {
  const address = addressOf(options);
  const opened = Promise.withResolvers<Channel<Send, Receive>>();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    const text = `${addressText(address)} did not answer within ${CONNECT_DEADLINE} ms`;
    opened.reject(new LeatError("DEADLINE_EXCEEDED", text));
  }, CONNECT_DEADLINE);
  connectBun(address, (transport) => {
    const { channel, handler } = createChannel(transport, options);
    // After the transport has its handler, too.
    if (late) queueMicrotask(() => channel.abort());
    else opened.resolve(channel);
    return handler;
  }).catch(opened.reject);
  try {
    return await opened.promise;
  } finally {
    clearTimeout(timer);
  }
}

/** The address, without the other options. */
function addressOf(options: Address): Address {
  return "unix" in options
    ? { unix: options.unix }
    : { hostname: options.hostname, port: options.port };
}
