/** How clients are served. docs/decisions/0006-models.md tells why there are several. */

/**
 * - `event-loop`: all on one loop.
 * - `iterative`: one at a time, the others wait.
 */
export const MODELS = ["event-loop", "iterative"] as const;

export type Model = (typeof MODELS)[number];
