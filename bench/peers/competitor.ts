/** What takes part: a server, and one program that asks it. */
import type { ProcessGroup } from "./process-group.ts";

/** Files of one folder of the library, or of one like it elsewhere. */
export interface Files {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** The same relative to the library. */
  readonly path: string;
  readonly names: readonly string[];
  /** All the folder has: a client may ask for the folder as a whole. */
  readonly whole: boolean;
}

/** A process as a user would start it. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
}

/** What a client program does; each call gives the command, and writes what lists it needs before. */
export interface Client {
  /** Fetches files of the library into the folder `to`. */
  download(files: Files, to: string): Command;
  /** Sends files into the folder `to` of the library (a relative path), which is there and empty. */
  upload(files: Files, to: string): Command;
  /** Lists a folder of the library on standard output, with sizes and times. */
  list(path: string): Command;
}

export interface Competitor {
  /** "vsftpd + curl" */
  readonly who: string;
  readonly client: Client;
  /** The processes of its server; none when there is no server. */
  readonly server?: ProcessGroup;
  /** What each of its figures has to be read with. */
  readonly note?: string;
  /** The kinds of work it takes part in; all of them when this is left out. */
  readonly kinds?: readonly WorkKind[];
  /** Why its client lists nothing. */
  readonly listsNothing?: string;
}

export type WorkKind = "one file" | "parts" | "small files" | "listing" | "start";

/** A connection that does nothing, and how it is opened. */
export interface Idle {
  /** The server's name: "vsftpd". */
  readonly who: string;
  readonly server: ProcessGroup;
  /** What its connections are when they are counted: "logged in". */
  readonly state: string;
  /** So many are enough when each costs a process: it is a lot of memory, and much to start. */
  readonly most?: number;
  open(): Promise<AsyncDisposable | Disposable>;
}

/** What a started peer brings along. */
export interface Entry extends AsyncDisposable {
  readonly competitors: readonly Competitor[];
  readonly idle?: Idle;
}

/** Not a peer but a bound: see same-calls.ts. */
export const SAME_CALLS = "the same calls in C";

/** Peers whose receiver notices a damaged byte: rsync by its checksum of each file, sftp by authentication. */
export const VERIFYING: readonly string[] = ["rsync", "OpenSSH sftp"];
