/**
 * What watches a server asks over HTTP, on an address of its own: `/metrics` for Prometheus, `/healthz` whether
 * the process works, `/readyz` whether it serves its library.
 */
import { stat } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import { LeatError } from "../../errors.ts";
import { MONITOR_IDLE } from "../../limits.ts";
import { addressText, listenError } from "../../net/bun.ts";
import { isLoopback } from "../../net/loopback.ts";
import { METRICS_TYPE } from "../../server/metrics/metrics-text.ts";
import type { Server } from "../../server/options/options.ts";
import { readHost } from "./listening.ts";

/** For `argParser`: `9464`, `127.0.0.1:9464`, `[::1]:9464`. */
export function readMonitorAddress(text: string): string {
  const { hostname, port } = parse(text);
  return addressText({ hostname, port });
}

function parse(text: string): { readonly hostname: string; readonly port: number } {
  const [, host = "127.0.0.1", digits = ""] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535) {
    throw new InvalidArgumentError(
      "It should be a port, or an address and a port: 127.0.0.1:9464.",
    );
  }
  const hostname = readHost(host);
  if (isLoopback(hostname)) return { hostname, port };
  throw new InvalidArgumentError(
    "It has no password, so it listens on this machine only: 127.0.0.1, ::1 or localhost.",
  );
}

interface Watched {
  readonly server: Server;
  /** Path of the folder that is served. */
  readonly library: string;
}

/** @returns its address, and what stops it @throws UNAVAILABLE: the port is taken */
export function startMonitor(address: string, watched: Watched) {
  const { hostname, port } = parse(address);
  const get = (answer: () => Promise<Response>) => ({ GET: answer });
  try {
    const monitor = Bun.serve({
      hostname,
      port,
      idleTimeout: MONITOR_IDLE,
      maxRequestBodySize: 0,
      routes: {
        "/metrics": get(async () => {
          const text = await watched.server.metrics();
          return new Response(text, { headers: { "content-type": METRICS_TYPE } });
        }),
        "/healthz": get(async () => said(undefined)),
        "/readyz": get(async () => said(await problem(watched))),
      },
      fetch: () => new Response("ask for /metrics, /healthz or /readyz\n", { status: 404 }),
    });
    return {
      address: addressText({ hostname, port: monitor.port ?? port }),
      [Symbol.dispose]: () => void monitor.stop(true),
    };
  } catch (thrown) {
    throw listenError(thrown, address, "--metrics port");
  }
}

function said(problem: string | undefined): Response {
  return problem === undefined
    ? new Response("ok\n")
    : new Response(`${problem}\n`, { status: 503 });
}

/** @returns why the server does not serve, where it does not */
async function problem({ library, server }: Watched): Promise<string | undefined> {
  if (server.isStopping) return "it is stopping";
  try {
    return (await stat(library)).isDirectory() ? undefined : "the library is no folder";
  } catch (thrown) {
    return LeatError.from(thrown, "the library cannot be read").message;
  }
}
