/** Asks a person at a terminal. */
import { STDERR, say } from "./standard-streams.ts";

/** Shows a question. @returns the line that is typed; undefined where nobody answers */
export type Ask = (question: string) => Promise<string | undefined>;

/** @returns whether the answer is yes; false where nobody can answer */
export async function askYes(question: string, ask: Ask): Promise<boolean> {
  const answer = (await ask(question)) ?? "";
  return /^y(es)?$/i.test(answer.trim());
}

/** Asks on standard error, and reads standard input. */
export async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  say(STDERR, question);
  const line = await readLine(signal);
  // The terminal has printed ^C, and no end of the line.
  if (signal.aborted) say(STDERR, "\n");
  return line;
}

/** One line of standard input; "" at its end, and when the signal aborts. */
async function readLine(signal: AbortSignal): Promise<string> {
  const reader = Bun.stdin.stream().getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  const decoder = new TextDecoder();
  let line = "";
  try {
    while (!line.includes("\n") && line.length < LONGEST) {
      const { done, value } = await reader.read();
      if (done) break;
      line += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  return line.split("\n", 1)[0] ?? "";
}

/** Characters of an answer. */
const LONGEST = 1000;
