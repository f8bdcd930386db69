/** A sequence of steps as text, for a file that keeps a finding. */
import type { Step } from "./conversations.ts";

export interface Sequence {
  readonly steps: readonly Step[];
  readonly ending: "fin" | "cut";
  /** Of the pieces in which the bytes arrive. */
  readonly seed: number;
}

/** One line for each step, and one for the end. */
export function textOf(steps: readonly Step[], ending: Sequence["ending"], seed: number): string {
  const lines = steps.map((step) =>
    "send" in step ? `send ${step.send.toHex()}` : `wait ${step.wait}`,
  );
  return [...lines, `${ending} ${seed}`].join("\n");
}

export function stepsOf(text: string): Sequence {
  const lines = text.split("\n");
  const [ending, seed] = lines.pop()!.split(" ");
  const steps = lines.map((line): Step => {
    const [kind, value = ""] = line.split(" ");
    return kind === "send" ? { send: Uint8Array.fromHex(value) } : { wait: Number(value) };
  });
  return { steps, ending: ending as Sequence["ending"], seed: Number(seed) };
}
