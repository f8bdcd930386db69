/** The contests: each body is encoded and decoded by each codec, timed and weighed, after a check that all agree. */
import type { DescMessage } from "@bufbuild/protobuf";
import { do_not_optimize } from "mitata";
import { KiB } from "../../src/limits.ts";
import { chop, chopAtRandom, randomFrom } from "../../test/support/chop.ts";
import type { Contestant } from "./contestant.ts";
import { byJson } from "./json.ts";
import { byLeat } from "./leat.ts";
import { byProtobufEs } from "./protobuf-es.ts";
import { byProtobufjs } from "./protobufjs.ts";
import type { Subject } from "./subjects.ts";

/** The same cuts in every run, so that two can be compared. */
export const SEED = 20_260_501;

/** Frames that come in one go: what a socket gives at once, at most. */
const CHUNK = 256 * KiB;
const MOST_FRAMES = 16;

/** The longest piece of a cut: some networks deliver more, most less. */
const MOST_PIECE = 64 * KiB;

export interface Contest {
  readonly work: string;
  readonly who: string;
  readonly note: string | undefined;
  /** How often `run` does the work. */
  readonly operations: number;
  run(): void | Promise<void>;
}

/** @throws when codecs do not agree */
export async function contestsOf(subject: Subject, schema: DescMessage): Promise<Contest[]> {
  const contestants = [
    byLeat(subject),
    byProtobufjs(subject),
    byProtobufEs(subject, schema),
    byJson(subject),
  ];
  const oracle = byProtobufjs(subject).frame;
  for (const contestant of contestants) await checkDecodes(contestant, oracle);
  return contestants.flatMap((contestant) => contests(subject, contestant));
}

function contests({ name }: Subject, contestant: Contestant): Contest[] {
  const { who, frame, notes } = contestant;
  const operations = Math.max(1, Math.min(MOST_FRAMES, Math.floor(CHUNK / frame.length)));
  const all = { who, operations };
  const decode = (chunks: readonly Uint8Array[]) => () =>
    contestant.decode(chunks, do_not_optimize);
  return [
    {
      ...all,
      work: `encode ${name}`,
      note: notes?.encode,
      run: () => {
        for (let index = 0; index < operations; index += 1) do_not_optimize(contestant.encode());
      },
    },
    {
      ...all,
      work: `decode ${name}`,
      note: undefined,
      run: decode([repeated(frame, operations)]),
    },
    {
      ...all,
      work: `decode ${name}, cut at random`,
      note: notes?.decode,
      run: decode(cut(repeated(frame, operations), frame.length)),
    },
  ];
}

function repeated(frame: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => frame));
}

/** Most frames come in more than one piece. */
function cut(bytes: Uint8Array, frame: number): Uint8Array[] {
  return chopAtRandom(bytes, randomFrom(SEED), Math.min(frame, MOST_PIECE));
}

/** Three frames, whole and cut, must be three of what protobufjs made of the same message. */
export async function checkDecodes(contestant: Contestant, oracle: Uint8Array): Promise<void> {
  const frames = repeated(contestant.frame, 3);
  const expected = repeated(oracle, 3);
  for (const chunks of [chop(frames, [frames.length]), cut(frames, contestant.frame.length)]) {
    const heard: unknown[] = [];
    await contestant.decode(chunks, (made) => heard.push(made));
    if (!Buffer.from(contestant.asProtobuf(heard)).equals(expected)) {
      throw new Error(`${contestant.who} decodes ${chunks.length} pieces to something else`);
    }
  }
}
