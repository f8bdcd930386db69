/** The counts of a server, as plain data that goes from one process to another and can be added up. */
import type { ErrorCode } from "../../errors.ts";

/** Seconds: upper bounds of the spans in which requests are counted by how long they took. */
export const DURATIONS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600] as const;

/** The requests of one operation that have ended. */
export interface RequestCounts {
  /** How many ended so: `OK`, or with a failure. */
  readonly outcomes: { [code in ErrorCode | "OK"]?: number };
  /** How many took at most the seconds of DURATIONS at the same index, and more than the one before; the last: more than all. */
  readonly spans: number[];
  /** Seconds that all of them took together. */
  seconds: number;
}

export interface Counts {
  /** Since the start; these only grow. */
  readonly total: {
    readonly bytesSent: number;
    readonly bytesReceived: number;
    readonly connectionsAccepted: number;
    readonly connectionsRefused: number;
    readonly workersLost: number;
    readonly cpuSeconds: number;
  };
  /** Of this moment. */
  readonly now: {
    readonly processes: number;
    readonly connections: number;
    readonly streams: number;
    readonly residentBytes: number;
    /** Descriptors that requests hold, and how many they may. */
    readonly openFiles: number;
    readonly openFilesLimit: number;
  };
  /** By the name of the operation. */
  readonly requests: Readonly<Record<string, RequestCounts>>;
}

export const NO_COUNTS: Counts = {
  total: {
    bytesSent: 0,
    bytesReceived: 0,
    connectionsAccepted: 0,
    connectionsRefused: 0,
    workersLost: 0,
    cpuSeconds: 0,
  },
  now: {
    processes: 0,
    connections: 0,
    streams: 0,
    residentBytes: 0,
    openFiles: 0,
    openFilesLimit: 0,
  },
  requests: {},
};

export function noRequests(): RequestCounts {
  return { outcomes: {}, spans: Array.from({ length: DURATIONS.length + 1 }, () => 0), seconds: 0 };
}

export function addCounts(one: Counts, other: Counts): Counts {
  const requests = { ...one.requests };
  for (const [name, counts] of Object.entries(other.requests)) {
    const sum = requests[name];
    requests[name] = sum === undefined ? counts : addRequests(sum, counts);
  }
  return { total: addAll(one.total, other.total), now: addAll(one.now, other.now), requests };
}

/** What remains of a process that has ended. */
export function ofThePast({ total, requests }: Counts): Counts {
  return { total, requests, now: NO_COUNTS.now };
}

function addRequests(one: RequestCounts, other: RequestCounts): RequestCounts {
  return {
    outcomes: addAll(one.outcomes, other.outcomes),
    spans: one.spans.map((count, index) => count + other.spans[index]!),
    seconds: one.seconds + other.seconds,
  };
}

function addAll<Numbers extends object>(one: Numbers, other: Numbers): Numbers {
  const sums = { ...one } as Record<string, number>;
  for (const [key, value] of Object.entries(other))
    sums[key] = (sums[key] ?? 0) + (value as number);
  return sums as Numbers;
}
