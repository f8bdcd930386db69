/** Values of several rounds, gathered by what they measure. */
import { figure, progress, show } from "./figures.ts";
import { type Key, MEASURES, type Recorder, keyText } from "./record.ts";

export interface Remark {
  /** The `who` that is held to be the most this machine can do; where it was measured, too. */
  readonly ceiling?: string | undefined;
  readonly note?: string | undefined;
}

interface Taken {
  readonly key: Key;
  readonly ceiling: string | undefined;
  /** Rounds may have different ones. */
  readonly notes: Set<string>;
  readonly values: number[];
}

export class Samples {
  readonly #taken = new Map<string, Taken>();

  /** One value of one round. */
  take(key: Key, value: number, remark: Remark = {}): void {
    const text = keyText(key);
    const { ceiling, note } = remark;
    const taken = this.#taken.get(text) ?? { key, ceiling, notes: new Set(), values: [] };
    this.#taken.set(text, taken);
    taken.values.push(value);
    if (note !== undefined) taken.notes.add(note);
  }

  /** Hands everything over, and tells the first figure of each on standard error. */
  write(record: Recorder): void {
    const told = new Set<string>();
    for (const { key, ceiling, notes, values } of this.#taken.values()) {
      const top = ceiling !== undefined && this.#taken.has(keyText({ ...key, who: ceiling }));
      record.add(key, values, {
        ...(top ? { ceiling } : {}),
        ...(notes.size === 0 ? {} : { note: [...notes].join("; ") }),
      });
      const subject = keyText({ ...key, measure: "duration" });
      if (told.has(subject)) continue;
      told.add(subject);
      const { unit } = MEASURES[key.measure];
      progress(`${keyText(key)} ${show(figure(values), digits(values), unit)}`);
    }
    this.#taken.clear();
  }
}

/** As many as tell something: three figures. */
function digits(values: readonly number[]): number {
  const largest = Math.max(...values.map(Math.abs));
  return largest >= 100 ? 0 : largest >= 10 ? 1 : 2;
}
