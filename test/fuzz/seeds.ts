/** The golden vectors, as the messages that are damaged. */
import { delimit, DelimitedDecoder } from "../../src/wire/delimited.ts";
import type { Random } from "../support/chop.ts";
import { typeOf } from "../wire/oracle.ts";
import { readAllVectors } from "../wire/read-vectors.ts";
import { type Field, parseFields } from "./fields.ts";
import { mutated } from "./mutate.ts";

/** Longer ones would only be noise in their payloads. */
const LONGEST = 400;

const Frame = typeOf("Frame");

/** Each frame of the vectors, without its length. */
export const SEEDS: readonly Uint8Array[] = readAllVectors()
  .flatMap(({ bytes }) => framesOf(bytes))
  .filter(({ length }) => length < LONGEST);

/** Their fields: of those that are valid, which are nearly all. */
const FIELDS: readonly Field[][] = SEEDS.flatMap((frame) => {
  const fields = parseFields(Frame, frame);
  return fields === undefined ? [] : [fields];
});

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const decoder = new DelimitedDecoder({ maxLength: bytes.length });
  decoder.push(bytes);
  const frames: Uint8Array[] = [];
  try {
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) frames.push(next);
  } catch {
    // A vector that is to be refused.
  }
  return frames;
}

/** A frame of the vectors, damaged, without its length. */
export function anyFrame(random: Random): Uint8Array {
  return mutated(random.pick(FIELDS), random.pick(FIELDS), random);
}

/** A given frame, damaged, behind a length that is mostly true. */
export function damagedFrame(frame: Uint8Array, random: Random): Uint8Array {
  const fields = parseFields(Frame, frame);
  const bytes = fields === undefined ? frame : mutated(fields, random.pick(FIELDS), random);
  return bytes.length === 0 ? bytes : delimit(bytes);
}
