/** A walk may be about some paths instead of a folder: `Walk.paths`. */
export const WALK_PATHS = "walk-paths";

/** A walk may leave out names: `Walk.leave_out`. */
export const WALK_LEAVE_OUT = "walk-leave-out";

/** Parts of a file that are zeros come as `Hole`, in place of `Data`. */
export const HOLES = "holes";

/**
 * Names of the optional features of the protocol that this version knows. A side uses one only with a peer that
 * named it, too, in `Hello.features` or `Welcome.features`.
 */
export const FEATURES: readonly string[] = [WALK_PATHS, WALK_LEAVE_OUT, HOLES];
