/** Frames to bytes and back, beside the codecs one would take instead: time and memory of each. */
import { type Contest, SEED, contestsOf } from "./codec/contests.ts";
import { frameSchema } from "./codec/protobuf-es-schema.ts";
import { SUBJECTS, type Subject } from "./codec/subjects.ts";
import { timeOf } from "./codec/time.ts";
import { weigh } from "./codec/weight.ts";
import { progress } from "./support/figures.ts";
import type { Key, Measure, Recorder, Suite } from "./support/record.ts";
import { Samples } from "./support/samples.ts";

export interface Effort {
  readonly rounds: number;
  /** How long one contest is timed in a round, in milliseconds. */
  readonly time: number;
  /** How often its memory is looked at. */
  readonly looks: number;
}

const FULL: Effort = { rounds: 5, time: 50, looks: 3 };
const QUICK: Effort = { rounds: 3, time: 10, looks: 1 };

/** One round that does not count, then those that do, everyone once in each. */
export async function measureCodec(
  subjects: readonly Subject[],
  { rounds, time, looks }: Effort,
  record: Recorder,
): Promise<void> {
  progress(`pieces are cut with the seed ${SEED}`);
  const schema = await frameSchema();
  for (const subject of subjects) {
    const samples = new Samples();
    const contests = await contestsOf(subject, schema);
    for (let round = 0; round <= rounds; round += 1) {
      for (const contest of contests) {
        const nanoseconds = await timeOf(contest, round === 0 ? time / 4 : time);
        if (round > 0) samples.take(key(contest, "operation"), nanoseconds, contest);
      }
    }
    for (const weight of await weigh(subject.name, looks)) {
      for (const bytes of weight.bytes) samples.take(key(weight, "allocated"), bytes);
    }
    samples.write(record);
  }
}

function key({ work, who }: Pick<Contest, "work" | "who">, measure: Measure): Key {
  return { suite: "codec", work, who, measure };
}

export const codec: Suite = {
  name: "codec",
  title:
    "frames to bytes and back, beside protobufjs, protobuf-es and JSON: time and memory of each",
  run: ({ record, quick }) => measureCodec(SUBJECTS, quick ? QUICK : FULL, record),
};
