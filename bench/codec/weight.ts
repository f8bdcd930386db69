/** What contests allocate, found out in a process of its own. */
import { join } from "node:path";

const FIXTURE = join(import.meta.dir, "../fixtures/codec-weight.ts");
const DEADLINE = 60_000;

export interface Weight {
  readonly work: string;
  readonly who: string;
  /** Bytes of one operation, at each look. */
  readonly bytes: readonly number[];
}

/** A process for each subject: nothing that it allocates goes before it ends. */
export async function weigh(subject: string, looks: number): Promise<Weight[]> {
  const child = Bun.spawn([process.execPath, FIXTURE, subject, String(looks)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, BUN_JSC_useGC: "0", BUN_JSC_useDFGJIT: "0" },
    timeout: DEADLINE,
    killSignal: "SIGKILL",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`what ${subject} allocates was not found out`);
  return JSON.parse(text) as Weight[];
}
