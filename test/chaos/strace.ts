/** What `strace -f -y -xx` has written, as values. */

export interface TracedCall {
  readonly name: string;
  /** What its first descriptor stands for; "" for none. */
  readonly fd: string;
  /** Its strings, byte for byte. */
  readonly strings: readonly string[];
  readonly result: string;
  /** Lines of the trace: at `ended` its result was known. */
  readonly begun: number;
  readonly ended: number;
}

const LINE = /^(\d+) +(.*)$/;
const UNFINISHED = /^(.*) <unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/;
const CALL = /^(\w+)\((.*)\) += (\S+)/;

/** @returns the calls that ended, in the order in which they did */
export function parseTrace(text: string): TracedCall[] {
  const calls: TracedCall[] = [];
  /** By thread: what its call began with, and where. */
  const open = new Map<string, { text: string; begun: number }>();
  text.split("\n").forEach((line, number) => {
    const [, thread, rest] = LINE.exec(line) ?? [];
    if (thread === undefined || rest === undefined) return;
    const [, first] = UNFINISHED.exec(rest) ?? [];
    if (first !== undefined) return void open.set(thread, { text: first, begun: number });
    const [, , last] = RESUMED.exec(rest) ?? [];
    const begun = last === undefined ? undefined : open.get(thread);
    const call = callOf(`${begun?.text ?? ""}${last ?? rest}`, begun?.begun ?? number, number);
    if (call !== undefined) calls.push(call);
  });
  return calls;
}

function callOf(text: string, begun: number, ended: number): TracedCall | undefined {
  const [, name, rest = "", result = ""] = CALL.exec(text) ?? [];
  if (name === undefined) return undefined;
  const [, fd = ""] = /^\d+<([^>]*)>/.exec(rest) ?? [];
  const strings = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => bytesOf(hex!));
  return { name, fd: bytesOf(fd), strings, result, begun, ended };
}

/** @returns a character for each byte */
function bytesOf(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
