/** Counts of one process since its start. */
export class Counters {
  /** Payload bytes. */
  bytesSent = 0;
  bytesReceived = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  streams = 0;
}
