/**
 * Names of the optional features of the protocol that this version knows. A side uses one only with a peer that
 * named it, too, in `Hello.features` or `Welcome.features`.
 */
export const FEATURES: readonly string[] = [];
