/** How far a tree is: files and bytes of all, as soon as these are known, and the file that is moved now. */
import { KiB } from "../../limits.ts";
import { Pace } from "./pace.ts";
import { bytesText, counted } from "./units.ts";

/** Milliseconds over which it is measured how fast the rest will go. */
const PACE_OVER = 10_000;

/** Bytes that take as long as what each file costs besides its own: else many small files would seem to be no work. */
const PER_FILE = 64 * KiB;

/** How much there is to move. */
export interface Totals {
  readonly files: number;
  /** Of all files; undefined where only their number is known. */
  readonly bytes: number | undefined;
}

/** What a line shows. */
export interface Shown {
  readonly name: string;
  /** Besides the part; undefined where that says it all. */
  readonly done: string | undefined;
  /** 0 to 1; undefined where it is not known how much there is. */
  readonly part: number | undefined;
  /** Seconds that the rest takes; undefined where that is not known. */
  readonly left: number | undefined;
  /** What went wrong. */
  readonly failed?: string | undefined;
}

export class TreeBar implements Disposable {
  /** Bytes so far, with those that need not be moved. */
  done = 0;
  /** Those: of files that are the same at both ends, that stay as they are, or that an earlier run has begun. */
  earlier = 0;
  /** Files so far, with those that stay as they are. */
  files = 0;
  failed = 0;
  /** Set when it is known how much there is. */
  totals: Totals | undefined;
  readonly #title: string;
  readonly #onEnd: () => void;
  /** The file that is moved now; with several at once, one of them until it has ended. */
  #moving: string | undefined;
  /** The last one that ended. */
  #last: string | undefined;
  readonly #pace = new Pace(PACE_OVER, performance.now());

  constructor(title: string, onEnd: () => void) {
    this.#title = title;
    this.#onEnd = onEnd;
  }

  [Symbol.dispose](): void {
    this.#onEnd();
  }

  /** @param bytes that were moved so far, of all files; the last ones of this file */
  moved(bytes: number, name: string): void {
    this.done = this.earlier + bytes;
    this.#moving ??= name;
  }

  /** Bytes that need not be moved. */
  settled(bytes: number): void {
    this.earlier += bytes;
    this.done += bytes;
  }

  ended(name: string): void {
    this.#last = name;
    if (this.#moving === name) this.#moving = undefined;
  }

  shown(now: number): Shown {
    const { files, failed, totals } = this;
    // Where no bytes are known, the files alone say how far it is.
    const countsBytes = totals === undefined || totals.bytes !== undefined;
    const work = workOf(files + failed, countsBytes ? this.done : 0);
    const pace = this.#pace.at(now, work);
    const facts = {
      name: this.#moving ?? this.#last ?? this.#title,
      failed: failed === 0 ? undefined : `${failed} failed`,
    };
    if (totals === undefined) {
      const done = `${counted(files, "file")}, ${bytesText(this.done)}`;
      return { ...facts, done, part: undefined, left: undefined };
    }
    const all = counted(totals.files, "file");
    const done = `${files + failed}/${all}, ${bytesOfAll(this.done, totals.bytes)}`;
    const rest = Math.max(0, workOf(totals.files, totals.bytes ?? 0) - work);
    const left = pace > 0 ? rest / pace : undefined;
    return { ...facts, done, part: rest === 0 ? 1 : work / (work + rest), left };
  }
}

const workOf = (files: number, bytes: number): number => bytes + files * PER_FILE;

/** `1.20/4.00 GiB`, `900 MiB/4.00 GiB`; `1.20 GiB` where not all is known */
function bytesOfAll(done: number, total: number | undefined): string {
  if (total === undefined) return bytesText(done);
  const [number = "", unit = ""] = bytesText(done).split(" ");
  const all = bytesText(total);
  return all.endsWith(` ${unit}`) ? `${number}/${all}` : `${number} ${unit}/${all}`;
}
