/**
 * Counts as the text that Prometheus reads.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { type Counts, DURATIONS, type RequestCounts } from "./counts.ts";

/** The media type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number, suffix?: string];

/** @param version of the program */
export function metricsText({ total, now, requests }: Counts, version: string): string {
  const operations = Object.entries(requests);
  const one = (value: number): Sample[] => [[{}, value]];
  return [
    metric("leat_build_info", "gauge", "Version of the server.", [[{ version }, 1]]),
    metric("leat_processes", "gauge", "Processes and threads that serve.", one(now.processes)),
    metric("leat_workers_lost_total", "counter", "Workers that died.", one(total.workersLost)),
    metric("leat_connections", "gauge", "Connections that are open.", one(now.connections)),
    metric(
      "leat_connections_accepted_total",
      "counter",
      "Connections that came, those refused included.",
      one(total.connectionsAccepted),
    ),
    metric(
      "leat_connections_refused_total",
      "counter",
      "Connections refused because there were as many as may be.",
      one(total.connectionsRefused),
    ),
    metric("leat_streams", "gauge", "Requests that are being served.", one(now.streams)),
    metric(
      "leat_requests_total",
      "counter",
      "Requests that have ended, by operation and by the code of their failure; OK is none.",
      operations.flatMap(([operation, { outcomes }]) =>
        Object.entries(outcomes).map(([code, count]): Sample => [{ operation, code }, count]),
      ),
    ),
    metric(
      "leat_request_duration_seconds",
      "histogram",
      "Time from a request to its last answer.",
      operations.flatMap(([operation, counts]) => histogram(operation, counts)),
    ),
    metric("leat_sent_bytes_total", "counter", "Bytes of files sent.", one(total.bytesSent)),
    metric(
      "leat_received_bytes_total",
      "counter",
      "Bytes of files received.",
      one(total.bytesReceived),
    ),
    metric("leat_open_files", "gauge", "Descriptors that requests hold.", one(now.openFiles)),
    metric(
      "leat_open_files_limit",
      "gauge",
      "Descriptors that requests may hold.",
      one(now.openFilesLimit),
    ),
    metric(
      "process_resident_memory_bytes",
      "gauge",
      "Memory of all processes.",
      one(now.residentBytes),
    ),
    metric(
      "process_cpu_seconds_total",
      "counter",
      "Processor time of all processes.",
      one(total.cpuSeconds),
    ),
  ].join("");
}

function histogram(operation: string, { spans, seconds }: RequestCounts): Sample[] {
  let count = 0;
  const buckets = spans.map((span, index): Sample => {
    count += span;
    return [{ operation, le: DURATIONS[index] ?? "+Inf" }, count, "_bucket"];
  });
  return [...buckets, [{ operation }, seconds, "_sum"], [{ operation }, count, "_count"]];
}

/** Names and labels are all from this program: nothing in them has to be escaped. */
function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value, suffix = ""]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
