/** Any message of the schema, for properties. */
import fc from "fast-check";
import { ENUMS, FIELDS, type FieldFact, type Messages } from "../../src/wire/gen/messages.ts";

const MOST = Number.MAX_SAFE_INTEGER;

/** A full value: no default left out. */
export function anyMessage(name: keyof Messages): fc.Arbitrary<object> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  const absent = Symbol();
  for (const field of FIELDS[name]) {
    if (field.oneof !== undefined) continue;
    const value = anyValue(field);
    if (field.repeated === true) parts[field.name] = fc.array(value, { maxLength: 3 });
    else if (field.optional === true) parts[field.name] = fc.option(value, { nil: absent });
    else parts[field.name] = value;
  }
  for (const oneof of new Set(FIELDS[name].flatMap((field) => field.oneof ?? []))) {
    const members = FIELDS[name].filter((field) => field.oneof === oneof);
    const cases = members.map((field) =>
      anyValue(field).map((value) => ({ case: field.name, value })),
    );
    parts[oneof] = fc.option(fc.oneof(...cases), { nil: absent });
  }
  return fc
    .record(parts)
    .map((value) =>
      Object.fromEntries(Object.entries(value).filter(([, part]) => part !== absent)),
    );
}

function anyValue(field: FieldFact): fc.Arbitrary<unknown> {
  switch (field.type) {
    case "message":
      return anyMessage(field.of as keyof Messages);
    case "enum":
      return fc.constantFrom(...Object.keys(ENUMS[field.of!]!));
    case "uint32":
    case "fixed32":
      return fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat(0xffff_ffff));
    case "uint64":
      return fc.oneof(fc.constantFrom(0, MOST), fc.maxSafeNat());
    case "int64":
      return fc.oneof(fc.constantFrom(0, MOST, -MOST), fc.maxSafeInteger());
    case "string":
      return fc.string({ unit: "binary" });
    case "bool":
      return fc.boolean();
    case "bytes":
      return fc.uint8Array({ maxLength: 40 });
  }
}
