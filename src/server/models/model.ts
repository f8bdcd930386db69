/** How clients are served. docs/decisions/0006-models.md tells why there are several. */

/**
 * - `event-loop`: all on one loop.
 * - `iterative`: one at a time, the others wait.
 * - `processes`: each by a process of its own.
 * - `threads`: each by a thread of its own.
 */
export const MODELS = ["event-loop", "iterative", "processes", "threads"] as const;

export type Model = (typeof MODELS)[number];
