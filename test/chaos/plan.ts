/** A chaos run as its seed draws it: what clients do, what happens to them meanwhile. */
import { MiB } from "../../src/limits.ts";
import { type Random, randomFrom } from "../support/chop.ts";
import type { Fault } from "../support/fault-line.ts";
import { drawFault } from "./faults.ts";
import { LARGE, MIDDLE, SMALL, VERSIONS, type VersionName } from "./versions.ts";

export const KINDS = [
  "server-kill",
  "client-kill",
  "worker-kill",
  "proxy",
  "flip",
  "disk",
  "descriptors",
  "mixed",
] as const;

export type Kind = (typeof KINDS)[number];

export type Step = { readonly giveUp?: number } & (
  | {
      readonly do: "put";
      readonly name: string;
      readonly version: VersionName;
      readonly ifExists: "fail" | "replace" | "skip";
      /** Not as a file, which can be read again, but as it comes. */
      readonly stream?: boolean;
    }
  | { readonly do: "get"; readonly name: string; readonly memory?: boolean }
  | { readonly do: "remove"; readonly name: string }
  | {
      readonly do: "rename";
      readonly name: string;
      readonly to: string;
      readonly replace: boolean;
    }
  | { readonly do: "list" }
);

/** Something that happens when so many steps have begun, and some milliseconds later. */
export interface Blow {
  readonly what: "kill-server" | "kill-worker" | "kill-client" | "stop-server";
  readonly steps: number;
  readonly after: number;
  /** How long what is stopped stays so, in milliseconds. */
  readonly lasts: number;
  /** Which of several. */
  readonly which: number;
}

export interface Plan {
  readonly seed: number;
  readonly kind: Kind;
  /** What each client does, one after another. */
  readonly clients: readonly (readonly Step[])[];
  /** Client processes; 0: the clients are here. */
  readonly processes: number;
  readonly blows: readonly Blow[];
  /** Of the connection with this number. */
  readonly fault: (connection: number) => Fault;
  readonly server: ServerPlan;
  /** There from the start. */
  readonly before: readonly { readonly name: string; readonly version: VersionName }[];
  /** Bits of anything are flipped: what is asked for may be something else. */
  readonly garbled: boolean;
}

export interface ServerPlan {
  readonly workers: number;
  /** Open files that the server may have; 0: as many as the system gives. */
  readonly descriptors: number;
  /** Bytes of the file system of the library; 0: any. */
  readonly room: number;
  /** The file system is read-only. */
  readonly readOnly: boolean;
}

const CLIENTS = 16;
const STEPS = 4;
/** That many names are everybody's, and that many are never changed. */
const SHARED = 4;
const STILL = 4;

export function drawPlan(kind: Kind, seed: number): Plan {
  // Seeds that follow each other begin alike.
  const random = randomFrom(Number(Bun.hash(`${kind} ${seed}`) & 0xffff_ffffn));
  const mixed = kind === "mixed";
  const some = (chance: number): boolean => random.below(100) < chance;
  const server = drawServer(kind, random);
  const few = server.descriptors > 0 && server.descriptors < 80;
  const clients = Array.from({ length: few ? CLIENTS / 4 : CLIENTS }, (_, client) =>
    Array.from({ length: STEPS }, (_none, step) => drawStep(random, client, step)),
  );
  const processes = kind === "client-kill" ? 4 : mixed && some(25) ? 2 : 0;
  const garbled = kind === "flip" && some(40);
  const first = (): VersionName =>
    server.room === 0 || server.readOnly ? drawVersion(random) : ofSizes(random, SMALL);
  return {
    seed,
    kind,
    clients: garbled ? clients.map((steps) => steps.map(impatient)) : clients,
    processes,
    blows: drawBlows(kind, random, { steps: clients.length * STEPS, processes, server }),
    fault: (connection) => drawFault(kind, garbled, seed, connection),
    server,
    before: [
      ...Array.from({ length: STILL }, (_, n) => ({ name: `still-${n}`, version: first() })),
      ...Array.from({ length: SHARED / 2 }, (_, n) => ({ name: `s${n}`, version: first() })),
    ],
    garbled,
  };
}

/** Where a length that arrives wrong has both sides wait for each other. */
function impatient(step: Step): Step {
  return { giveUp: 1500, ...step };
}

function drawServer(kind: Kind, random: Random): ServerPlan {
  const readOnly = kind === "disk" && random.below(4) === 0;
  const workers = kind === "worker-kill" || (kind === "mixed" && random.below(3) === 0) ? 2 : 1;
  const room = kind === "disk" ? (readOnly ? 128 : 8 + random.below(40)) * MiB : 0;
  const descriptors = kind === "descriptors" ? random.pick([64, 80, 96, 112]) : 0;
  return { workers, descriptors, room, readOnly };
}

function drawVersion(random: Random): VersionName {
  const dice = random.below(100);
  return ofSizes(random, dice < 55 ? SMALL : dice < 90 ? MIDDLE : LARGE);
}

function ofSizes(random: Random, sizes: readonly number[]): VersionName {
  return `${random.pick(sizes)}-${random.below(VERSIONS)}`;
}

function drawStep(random: Random, client: number, step: number): Step {
  const shared = (): string => `s${random.below(SHARED)}`;
  const dice = random.below(100);
  const version = drawVersion(random);
  const giveUp = random.below(20) === 0 ? { giveUp: random.below(60) } : {};
  if (dice < 35) {
    const stream = random.below(6) === 0 ? { stream: true } : {};
    return {
      do: "put",
      name: `c${client}-${step}`,
      version,
      ifExists: "fail",
      ...stream,
      ...giveUp,
    };
  }
  if (dice < 55) {
    const ifExists = random.pick(["replace", "replace", "replace", "fail", "skip"] as const);
    // Large ones, that are still on their way when they are replaced.
    const large = random.below(2) === 0 ? { version: ofSizes(random, [...MIDDLE, ...LARGE]) } : {};
    return { do: "put", name: shared(), version, ifExists, ...giveUp, ...large };
  }
  if (dice < 80) {
    const own = `c${client}-${random.below(Math.max(step, 1))}`;
    const name = random.pick([shared(), `still-${random.below(STILL)}`, own]);
    return { do: "get", name, ...(random.below(3) === 0 ? { memory: true } : {}), ...giveUp };
  }
  if (dice < 86) return { do: "remove", name: shared() };
  if (dice < 93) {
    return { do: "rename", name: shared(), to: shared(), replace: random.below(2) === 0 };
  }
  return { do: "list" };
}

interface BlowsInit {
  readonly steps: number;
  readonly processes: number;
  readonly server: ServerPlan;
}

function drawBlows(kind: Kind, random: Random, { steps, processes, server }: BlowsInit): Blow[] {
  const possible: Blow["what"][] =
    kind === "server-kill"
      ? ["kill-server", "kill-server", "stop-server"]
      : kind === "client-kill"
        ? ["kill-client", "kill-client", "kill-client", "stop-server"]
        : kind === "worker-kill"
          ? ["kill-worker"]
          : kind === "mixed"
            ? [
                "kill-server",
                "stop-server",
                ...(processes > 0 ? (["kill-client"] as const) : []),
                ...(server.workers > 1 ? (["kill-worker", "kill-worker"] as const) : []),
              ]
            : [];
  if (possible.length === 0) return [];
  return Array.from({ length: 1 + random.below(3) }, () => ({
    what: random.pick(possible),
    steps: 1 + random.below(steps - 1),
    after: random.below(25),
    lasts: 50 + random.below(300),
    which: random.below(1000),
  })).toSorted((a, b) => a.steps - b.steps);
}
