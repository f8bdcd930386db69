/** What was done in a chaos run and when, and which contents of a name are possible by it. */
import type { ErrorCode } from "../../src/index.ts";
import type { Ending, Note } from "./actor.ts";
import type { Step } from "./plan.ts";
import type { Digest, Versions } from "./versions.ts";

/** A step that was begun. One that was never heard of again ended at any time, or not yet. */
export interface Call {
  readonly client: number;
  readonly step: Step;
  readonly start: number;
  end: number;
  ending: Ending | undefined;
  resumes: number;
}

/** What a name is seen as. `some`: a file, of any contents; `size`: of so many bytes. */
export type Seen =
  | { readonly absent: true }
  | { readonly digest: Digest }
  | { readonly size: number }
  | { readonly some: true };

/** What a call makes of a name. */
interface Effect {
  readonly leaves: Digest | "absent" | "any";
  readonly start: number;
  readonly end: number;
  /** It has certainly happened. */
  readonly sure: boolean;
}

/** Refusals after which nothing has changed. After all others nobody knows. */
const UNCHANGED = new Set<ErrorCode>([
  "ALREADY_EXISTS",
  "CHANGED",
  "NOT_FOUND",
  "NO_SPACE",
  "READ_ONLY",
  "PRECONDITION_FAILED",
]);

/** Milliseconds by which the clocks of two processes may differ. */
const SLACK = 5;

export class History {
  readonly calls: Call[] = [];
  readonly #open = new Map<string, Call>();
  readonly #effects = new Map<string, Effect[]>();
  readonly #versions: Versions;

  constructor(versions: Versions) {
    this.#versions = versions;
  }

  /** Steps that were begun. */
  get begun(): number {
    return this.calls.length;
  }

  note(note: Note): void {
    const key = `${note.client}`;
    if ("begun" in note) {
      const { client, begun: step, at: start } = note;
      const call = { client, step, start, end: Infinity, ending: undefined, resumes: 0 };
      this.calls.push(call);
      this.#open.set(key, call);
      return;
    }
    const call = this.#open.get(key)!;
    call.end = note.at;
    call.ending = note.ended;
    call.resumes = note.resumes;
  }

  /** A file that is there before anything else happens. */
  before(name: string, digest: Digest): void {
    this.#add(name, { leaves: digest, start: -Infinity, end: -Infinity, sure: true });
  }

  /** Call it when all calls have ended: makes effects of them. */
  close(): void {
    for (const call of this.calls) this.#effectsOf(call);
  }

  /** All names that could be there. */
  get names(): string[] {
    return [...this.#effects.keys()];
  }

  /** Whether a name may have been seen so between two moments. */
  allows(name: string, seen: Seen, from = Infinity, to = Infinity): boolean {
    const effects = this.#effects.get(name) ?? [];
    const all = effects.some(({ start }) => start === -Infinity) ? effects : [NOTHING, ...effects];
    return all.some(
      (one) =>
        matches(one, seen) &&
        one.start <= to + SLACK &&
        !all.some(
          (later) => later.sure && later.start > one.end + SLACK && later.end < from - SLACK,
        ),
    );
  }

  /** A new file that was received twice, with nothing between that took the first away. */
  doubled(): string[] {
    return this.names.filter((name) => {
      const touched = this.calls.filter(({ step }) => "name" in step && step.name === name);
      if (touched.some(({ step }) => step.do === "remove" || step.do === "rename")) return false;
      if (this.calls.some(({ step }) => step.do === "rename" && step.to === name)) return false;
      const won = touched.filter(
        ({ step, ending }) =>
          step.do === "put" && step.ifExists === "fail" && ending?.how === "done",
      );
      const there = this.#effects.get(name)!.some(({ start }) => start === -Infinity);
      return won.length > (there ? 0 : 1);
    });
  }

  #effectsOf({ step, start, end, ending }: Call): void {
    const sure = ending?.how === "done";
    if (ending?.how === "skipped") return;
    if (ending?.how === "failed" && UNCHANGED.has(ending.code)) return;
    // What nobody knows may still happen when its client has gone.
    const time = { start, end: sure ? end : Infinity, sure };
    if (step.do === "put") {
      this.#add(step.name, { leaves: this.#versions.digest(step.version), ...time });
    } else if (step.do === "remove") {
      this.#add(step.name, { leaves: "absent", ...time });
    } else if (step.do === "rename" && step.name !== step.to) {
      this.#add(step.name, { leaves: "absent", ...time });
      this.#add(step.to, { leaves: "any", ...time });
    }
  }

  #add(name: string, effect: Effect): void {
    this.#effects.set(name, [...(this.#effects.get(name) ?? []), effect]);
  }
}

const NOTHING: Effect = { leaves: "absent", start: -Infinity, end: -Infinity, sure: true };

function matches({ leaves }: Effect, seen: Seen): boolean {
  if ("absent" in seen) return leaves === "absent";
  if (leaves === "absent") return false;
  if (leaves === "any" || "some" in seen) return true;
  return "digest" in seen ? leaves === seen.digest : leaves.startsWith(`${seen.size}:`);
}
