/** The programs that move the files, and the ones that show how fast this machine could. */
import { MAX_STREAMS } from "../../src/limits.ts";
import type { Folders, Job, Run, Way } from "../support/job.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import { type Work, isSmall } from "./work.ts";

/** One that runs once a round. */
export interface Competitor {
  readonly who: string;
  /** The measurements it stands for: the file loops know no streams and no direction. */
  readonly places: readonly { readonly way: Way; readonly streams: number }[];
  readonly server?: ServerProcess;
  readonly ceiling?: string;
  readonly note?: string;
  /** Where its files arrive: nowhere, when it only reads. */
  readonly target?: string;
  /** Its files are those of the source, and not as many zeros. */
  readonly copies: boolean;
  run(): Promise<Run>;
}

/** A program that stays for all rounds. */
export class Processes implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly leatClient = this.#stack.use(ClientProcess.start("leat-client"));
  readonly bareClient = this.#stack.use(ClientProcess.start("bare", "client"));
  readonly readLoop = this.#stack.use(ClientProcess.start("file-loop", "read"));
  readonly writeLoop = this.#stack.use(ClientProcess.start("file-loop", "write"));
  leat!: ServerProcess;
  bare!: ServerProcess;

  private constructor() {}

  static async start(library: string): Promise<Processes> {
    const all = new Processes();
    try {
      all.leat = all.#stack.use(await ServerProcess.leat(library, "--durability", "none"));
      all.bare = all.#stack.use(await ServerProcess.bare(library));
      return all;
    } catch (thrown) {
      await all[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const BARE = "bare socket loop";
const READ = "open+read+close loop";
const WRITE = "create+write+close loop";

/** All programs that do a piece of work. Bulk is compared with sockets, small files with files. */
export function competitors(work: Work, folders: Folders, processes: Processes): Competitor[] {
  const places = (["download", "upload"] as const).flatMap((way) =>
    work.streams.map((streams) => ({ way, streams })),
  );
  const { leat, leatClient, bare, bareClient } = processes;
  const ceiling = isSmall(work) ? WRITE : BARE;
  const all = places.flatMap(({ way, streams }) => {
    const job = jobOf(work, folders, way, streams);
    const place = { places: [{ way, streams }], target: folders.target(way), copies: true };
    const byLeat = (connections: Job["connections"]): Competitor => ({
      ...place,
      who: `leat, ${connections === "one" ? "one connection" : "many connections"}`,
      server: leat,
      ceiling,
      ...(connections === "one" && streams > MAX_STREAMS ? { note: QUEUED } : {}),
      run: () => leatClient.run({ ...job, connections, port: leat.port }),
    });
    const byBare = (): Competitor => ({
      ...place,
      who: BARE,
      server: bare,
      run: () => bareClient.run({ ...job, port: bare.port }),
    });
    return [
      byLeat("one"),
      ...(streams > 1 ? [byLeat("many")] : []), // a single stream has its own connection anyway
      ...(isSmall(work) ? [] : [byBare()]),
    ];
  });
  return isSmall(work) ? [...all, ...loops(work, folders, processes, places)] : all;
}

const QUEUED = `${MAX_STREAMS} at once on a connection: the client lets the others wait`;

/** Each direction opens and reads on one side, creates and writes on the other: the slower bounds both. */
function loops(
  work: Work,
  folders: Folders,
  processes: Processes,
  places: Competitor["places"],
): Competitor[] {
  const job = jobOf(work, folders, "download", 1);
  return [
    {
      who: READ,
      places,
      copies: false,
      run: () => processes.readLoop.run({ ...job, local: folders.from }),
    },
    {
      who: WRITE,
      places,
      target: folders.downloads,
      copies: false,
      run: () => processes.writeLoop.run(job),
    },
  ];
}

function jobOf({ files, size }: Work, folders: Folders, way: Way, streams: number): Job {
  const all = { files, sources: files, size, streams, connections: "many" } as const;
  return { port: 0, way, ...all, ...folders.sides(way) };
}
