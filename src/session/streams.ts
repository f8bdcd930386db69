/** The streams of one connection: which are open, which ids were used, and how many more may open. */
import { LeatError } from "../errors.ts";
import { REQUEST_CHARACTERS } from "../limits.ts";
import type { Operation } from "./event.ts";
import type { Stream } from "./stream.ts";

/** The open streams, for a driver to read. */
export type OpenStreams = Pick<
  Streams,
  "get" | "size" | "values" | "last" | "max" | "characters" | "isUsedUp"
>;

/** The highest id: the field has 32 bits. */
const LAST_ID = 0xffff_ffff;

export class Streams {
  readonly #open = new Map<number, Stream>();
  #last = 0;
  /** The highest id that is served, once GoAway was sent or came. */
  #lastServed = Number.POSITIVE_INFINITY;
  #max: number;
  #characters = 0;

  /** @param max how many may be open at once */
  constructor(max: number) {
    this.#max = max;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  values(): Iterable<Stream> {
    return this.#open.values();
  }

  /** The highest id that was opened; 0 for none. */
  get last(): number {
    return this.#last;
  }

  /** How many may be open at once. */
  get max(): number {
    return this.#max;
  }

  /** Characters in the requests of those that the peer opened. */
  get characters(): number {
    return this.#characters;
  }

  /** Client: whether one more may be opened now. */
  get canOpen(): boolean {
    return !this.isClosing && !this.isUsedUp && this.size < this.#max;
  }

  /** Every id was used: the client needs another connection. */
  get isUsedUp(): boolean {
    return this.#last === LAST_ID;
  }

  /** GoAway was sent or came: those that are open may finish. */
  get isClosing(): boolean {
    return this.#lastServed !== Number.POSITIVE_INFINITY;
  }

  /** Client: the server says how many may be open. */
  allow(max: number): void {
    this.#max = max;
  }

  /** GoAway: higher ids than `last` are not served. */
  closeAbove(last: number): void {
    this.#lastServed = last;
  }

  add(stream: Stream): void {
    this.#last = stream.id;
    this.#characters += stream.characters;
    this.#open.set(stream.id, stream);
  }

  /** Forgets a stream that ended. */
  remove(stream: Stream): void {
    if (this.#open.delete(stream.id)) this.#characters -= stream.characters;
  }

  /**
   * The open stream of a frame that came.
   * @returns undefined for one that ended, whose frames are dropped
   * @throws PROTOCOL_ERROR for one that was never opened
   */
  find(id: number, frame: string): Stream | undefined {
    const stream = this.get(id);
    if (stream === undefined && (id > this.#last || id === 0)) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `${frame} came for stream ${id}, which was never opened`,
      );
    }
    return stream;
  }

  /** Server: why the stream that was added last is not served; undefined when it is. */
  refusal(): LeatError | undefined {
    if (this.#last > this.#lastServed) {
      return new LeatError("UNAVAILABLE", "the server is shutting down");
    }
    if (this.size > this.#max) {
      return new LeatError("RESOURCE_EXHAUSTED", `${this.#max} streams are open already`);
    }
    if (this.#characters <= REQUEST_CHARACTERS) return undefined;
    const message = `open streams ask for ${this.#characters} characters of paths and the like`;
    return new LeatError("RESOURCE_EXHAUSTED", message);
  }
}

/** Characters of text in a request. */
export function charactersOf(operation: Operation | undefined): number {
  let characters = 0;
  for (const name in operation?.value) {
    const field: unknown = operation.value[name as keyof typeof operation.value];
    if (typeof field === "string") characters += field.length;
  }
  return characters;
}
