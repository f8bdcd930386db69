/** How fast something goes, measured over the last seconds. */

interface Step {
  readonly time: number;
  readonly value: number;
}

export class Pace {
  /** Milliseconds. */
  readonly #over: number;
  #steps: Step[];

  /** @param over milliseconds that it is measured over @param time now, in milliseconds; the value is 0 */
  constructor(over: number, time: number) {
    this.#over = over;
    this.#steps = [{ time, value: 0 }];
  }

  /** @returns by how much the value has grown in a second */
  at(time: number, value: number): number {
    const steps = this.#steps;
    if (value < steps.at(-1)!.value)
      this.#steps = [{ time, value }]; // it was counted differently before
    else steps.push({ time, value });
    // One that is older is kept: the steps may be further apart than that.
    while (steps.length > 2 && steps[1]!.time < time - this.#over) steps.shift();
    const first = this.#steps[0]!;
    return time > first.time ? ((value - first.value) * 1000) / (time - first.time) : 0;
  }
}
