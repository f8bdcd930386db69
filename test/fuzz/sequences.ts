/** Damages a sequence of steps: behind a prefix that is left as it is, so that any state is reached first. */
import type { Random } from "../support/chop.ts";
import type { Step } from "./conversations.ts";
import { damagedFrame, SEEDS } from "./seeds.ts";
import { delimit } from "../../src/wire/delimited.ts";

/** @param other steps of another script, which may come into this one */
export function damagedSteps(
  steps: readonly Step[],
  other: readonly Step[],
  random: Random,
): readonly Step[] {
  const damaged = [...steps];
  const prefix = random.below(steps.length);
  for (let count = random.below(4); count > 0 && damaged.length > prefix; count -= 1) {
    const at = prefix + random.below(damaged.length - prefix);
    change(damaged, at, other, random);
  }
  return damaged;
}

function change(steps: Step[], at: number, other: readonly Step[], random: Random): void {
  const step = steps[at]!;
  const later = at + random.below(steps.length - at);
  switch (random.below(7)) {
    case 0:
      return void steps.splice(at, 1);
    case 1:
      return void steps.splice(later, 0, step);
    case 2:
      steps[at] = steps[later]!;
      steps[later] = step;
      return;
    case 3:
      return void steps.splice(at, 0, random.pick(other));
    case 4:
      return void steps.splice(at, 0, { send: delimit(random.pick(SEEDS)) });
    case 5:
      return void steps.splice(at, random.pick([1, steps.length]), cut(step, random));
    default:
      if ("send" in step) steps[at] = { send: damagedFrame(bodyOf(step.send), random) };
  }
}

/** A frame without its length. */
function bodyOf(delimited: Uint8Array): Uint8Array {
  const start = delimited.findIndex((byte) => byte < 128) + 1;
  return delimited.slice(start);
}

/** A frame that ends too early, in a length that lies, or with a wrong byte. */
function cut(step: Step, random: Random): Step {
  if ("wait" in step) return step;
  const send = step.send.slice();
  if (send.length === 0) return step;
  if (random.below(2) === 0) return { send: send.slice(0, random.below(send.length)) };
  send[random.below(Math.min(4, send.length))] = random.below(256);
  return { send };
}
