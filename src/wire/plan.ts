import { ENUMS, FIELDS, type FieldFact, type Messages } from "./gen/messages.ts";

/** The field table of one message, sorted out once for any-form.ts, which walks it. */
export interface Plan {
  readonly name: keyof Messages;
  /** Those in no oneof. */
  readonly fields: readonly FieldPlan[];
  readonly oneofs: readonly OneofPlan[];
}

export interface OneofPlan {
  readonly name: string;
  readonly members: ReadonlyMap<string, FieldPlan>;
}

export interface FieldPlan {
  readonly name: string;
  /** `Get.offset`, for the sentences of errors. */
  readonly fullName: string;
  readonly type: FieldFact["type"];
  readonly repeated: boolean;
  /** Absent and default are different. */
  readonly optional: boolean;
  /** Of a message field; read only after all plans are made, because messages nest. */
  readonly plan: () => Plan;
  /** Of an enum field. */
  readonly names: ReadonlyMap<number, string>;
}

const plans = new Map<keyof Messages, Plan>();

function makeField(message: keyof Messages, fact: FieldFact): FieldPlan {
  const values = Object.entries(fact.type === "enum" ? ENUMS[fact.of!]! : {});
  return {
    name: fact.name,
    fullName: `${message}.${fact.name}`,
    type: fact.type,
    repeated: fact.repeated === true,
    optional: fact.optional === true,
    plan: () => plans.get(fact.of as keyof Messages)!,
    names: new Map(values.map(([name, number]) => [number, name])),
  };
}

function makePlan(name: keyof Messages): Plan {
  const fields: FieldPlan[] = [];
  const oneofs = new Map<string, Map<string, FieldPlan>>();
  for (const fact of FIELDS[name]) {
    const field = makeField(name, fact);
    if (fact.oneof === undefined) {
      fields.push(field);
      continue;
    }
    const members = oneofs.get(fact.oneof) ?? new Map<string, FieldPlan>();
    oneofs.set(fact.oneof, members.set(field.name, field));
  }
  const named = [...oneofs].map(([oneof, members]) => ({ name: oneof, members }));
  return { name, fields, oneofs: named };
}

for (const name of Object.keys(FIELDS) as (keyof Messages)[]) plans.set(name, makePlan(name));

export function planOf(name: keyof Messages): Plan {
  return plans.get(name)!;
}
