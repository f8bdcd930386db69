import { LeatError } from "../errors.ts";
import { SMALL_FILE } from "../limits.ts";
import { below, checkPath, quote } from "../store/names.ts";
import { LeftOut } from "../transfer/left-out.ts";
import { OutgoingWalk } from "../transfer/outgoing-walk.ts";
import type { Walk } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

/** Lists a folder with everything below it, or some files, and sends the small files along. */
export async function walk(request: Walk, exchange: Exchange): Promise<void> {
  const { path, after, paths, leaveOut } = request;
  const left = leaveOut.length === 0 ? undefined : new LeftOut(leaveOut);
  const { store } = exchange;
  if (paths.length > 0) {
    if (after !== undefined) throw new LeatError("INVALID_ARGUMENT", "paths and after in a walk");
    for (const each of paths) checkPath(below(path, each));
    exchange.respond({ case: "walk", value: {} });
    return send(request, exchange, left);
  }
  // A folder that was entered has a "/" at its end.
  if (after !== undefined && after !== "") {
    checkPath(below(path, after.replace(/(?<=[^/])\/$/, "")));
  }
  const entry = await store.stat(path);
  if (entry.kind !== "DIRECTORY") {
    throw new LeatError("NOT_A_DIRECTORY", `${quote(path)} is a file; only a folder is walked`);
  }
  if (exchange.ended) return;
  exchange.respond({
    case: "walk",
    value: { entry, modeBits: store.setAttributes && store.modeBits },
  });
  send(request, exchange, left);
}

function send(
  { path, after, paths, ...request }: Walk,
  exchange: Exchange,
  leftOut: LeftOut | undefined,
): void {
  const { store, logItem } = exchange;
  const outgoing = new OutgoingWalk({
    store,
    path,
    after,
    paths,
    leftOut,
    linkTargets: request.linkTargets,
    contentsUpTo: Math.min(request.contentsUpTo, SMALL_FILE),
    onReady: () => exchange.ready(),
    onTaken: (bytes) => exchange.countSent(bytes),
    onSent:
      logItem &&
      ((path, bytes, began) =>
        logItem({ operation: "get", path, bytes, began, skipped: false, error: undefined })),
    isOver: () => exchange.ended,
  });
  exchange.send(outgoing, 0);
}
