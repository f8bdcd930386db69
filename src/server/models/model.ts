/** How clients are served. docs/decisions/0006-models.md tells why there are several. */
import { MAX_CHILDREN, MAX_WAITING } from "../../limits.ts";

/**
 * - `event-loop`: all on one loop.
 * - `iterative`: one at a time, the others wait.
 * - `processes`: each by a process of its own.
 * - `threads`: each by a thread of its own.
 */
export const MODELS = ["event-loop", "iterative", "processes", "threads"] as const;

export type Model = (typeof MODELS)[number];

/** Clients that a model can bear at once, those that wait included. */
export function mostClients(model: Model | undefined): number {
  if (model === "iterative") return 1 + MAX_WAITING;
  return model === "processes" || model === "threads" ? MAX_CHILDREN : Number.POSITIVE_INFINITY;
}
