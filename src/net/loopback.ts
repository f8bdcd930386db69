/** Addresses that lead to this machine, over no network. Without node:net, which takes 2 ms of a command's start. */

/** @param host an address, or `localhost` */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:/i, "");
  return /^(localhost|127(\.\d{1,3}){3}|(0*:)+0*1)$/i.test(plain);
}

/** An address that listens on all addresses of a machine. */
export function isUnspecified(host: string): boolean {
  return host === "0.0.0.0" || /^0*:[0:]*$/.test(host);
}
