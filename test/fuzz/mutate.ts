/** Damages a message in ways that get deep into its reader: by its fields first, then by its bytes. */
import { type Random, join } from "../support/chop.ts";
import { type Field, type Wire, copyFields, fieldOf, writeFields } from "./fields.ts";

/** Numbers at which something changes: varint lengths, integer widths, bounds of the protocol. */
const INTEGERS = [0n, 1n, 2n, 127n, 128n, 255n, 16_383n, 16_384n, 65_536n].concat(
  [2n ** 20n, 2n ** 20n + 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
  [2n ** 53n - 1n, 2n ** 53n, 2n ** 56n - 1n, 2n ** 56n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
);

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Names and texts that somebody would try. */
const TEXTS = ["", ".", "..", "/", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "nul\0x"]
  .concat(["a\\..\\b", ".leat", ".LEAT", ".leat/receipts"])
  .concat(["\u001b[2J", "\u202etxt", "\ufeffa", "x".repeat(300)])
  .map(text);

/** What is no UTF-8: overlong, a surrogate, cut, beyond Unicode, alone. */
const BAD_TEXTS = ["c080", "eda080", "f09f98", "f4908080", "80", "ff", "e0808a"].map((hex) =>
  Uint8Array.fromHex(hex),
);

/** Deeper than any reader follows groups. */
const DEEP = 101;

type Mutation = (fields: Field[], at: number, random: Random, donor: readonly Field[]) => void;

const MUTATIONS: readonly Mutation[] = [
  (fields, at, random) => (fields[at]!.value = random.pick(INTEGERS)),
  (fields, at, random) => (fields[at]!.padding = 1 + random.below(10)),
  (fields, at, random) => (fields[at]!.lie = random.pick([-2, -1, 1, 2, 127, 65_536, 2 ** 31])),
  (fields, at, random) => swap(fields, at, random.below(fields.length)),
  (fields, at, random) => insert(fields, random, copyFields([fields[at]!])),
  (fields, at) => fields.splice(at, 1),
  (fields, _at, random) => insert(fields, random, unknown(random)),
  (fields, at, random) => split(fields, at, random),
  (fields, at, random) => (fields[at]!.wire = random.pick<Wire>([0, 1, 2, 3, 4, 5])),
  (fields, at, random) => (fields[at]!.number = random.pick([1, 2, 3, 5, 15, 16, 40, 536_870_911])),
  (fields, at, random) => {
    const field = fields[at]!;
    field.message = undefined;
    field.bytes = random.pick(random.below(2) === 0 ? TEXTS : BAD_TEXTS);
  },
  (fields, _at, random, donor) => {
    if (donor.length > 0) insert(fields, random, copyFields([random.pick(donor)]));
  },
];

function swap(fields: Field[], one: number, other: number): void {
  [fields[one], fields[other]] = [fields[other]!, fields[one]!];
}

function insert(fields: Field[], random: Random, more: readonly Field[]): void {
  fields.splice(random.below(fields.length + 1), 0, ...more);
}

function unknown(random: Random): Field[] {
  const number = random.pick([16, 23, 40, 200, 536_870_911]);
  const group = random.below(4);
  if (group > 0) {
    const wire = random.pick<Wire>([0, 1, 2, 5]);
    return [fieldOf(number, wire, { value: random.pick(INTEGERS), bytes: random.bytes(9) })];
  }
  const depth = random.pick([1, 2, DEEP - 1, DEEP]);
  const open = Array.from({ length: depth }, () => fieldOf(number, 3));
  // Now and then an end is missing, or of another group.
  const ends = Array.from({ length: depth - (random.below(8) === 0 ? 1 : 0) }, () =>
    fieldOf(random.below(64) === 0 ? number + 1 : number, 4),
  );
  return [...open, ...ends];
}

/** A message comes in two parts, which its reader has to join. */
function split(fields: Field[], at: number, random: Random): void {
  const field = fields[at]!;
  if (field.message === undefined) return;
  const [part] = copyFields([field]);
  const cut = random.below(field.message.fields.length + 1);
  part!.message!.fields = part!.message!.fields.slice(cut);
  field.message.fields = field.message.fields.slice(0, cut);
  fields.splice(at + 1 + random.below(fields.length - at), 0, part!);
}

/** One of the messages in a message, or itself. */
function anyLevel(fields: Field[], random: Random): Field[] {
  let level = fields;
  while (random.below(4) > 0) {
    const inner = level.filter(({ message }) => message !== undefined);
    if (inner.length === 0) break;
    level = random.pick(inner).message!.fields;
  }
  return level;
}

/**
 * @param fields are left as they are
 * @param donor fields of another message, which may come into this one
 * @returns its bytes, damaged
 */
export function mutated(fields: readonly Field[], donor: Field[], random: Random): Uint8Array {
  const copy = copyFields(fields);
  for (let count = random.below(4); count > 0; count -= 1) {
    const level = anyLevel(copy, random);
    const other = anyLevel(donor, random);
    if (level.length === 0) insert(level, random, unknown(random));
    else random.pick(MUTATIONS)(level, random.below(level.length), random, other);
  }
  return damaged(writeFields(copy), random);
}

/** Bytes changed, missing or too many, now and then. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes;
  for (let count = random.pick([0, 0, 0, 1, 1, 2]); count > 0; count -= 1) {
    if (result.length === 0) return result;
    const at = random.below(result.length);
    switch (random.below(5)) {
      case 0:
        result[at]! ^= 1 << random.below(8);
        break;
      case 1:
        result[at] = random.pick([0, 1, 127, 128, 255]);
        break;
      case 2:
        result.copyWithin(at, random.below(result.length));
        break;
      case 3:
        result = result.slice(0, at);
        break;
      default:
        result = join([
          result.subarray(0, at),
          random.bytes(random.below(3)),
          result.subarray(at + random.below(3)),
        ]);
    }
  }
  return result;
}
