/**
 * TLS as leat speaks it: version 1.3, and the protocol `leat/1` by ALPN. Both sides require both, so that
 * no other service on the same certificate can be mistaken for leat.
 *
 * Options of the runtime whose values are all undefined mean no TLS at all: those made here always have some.
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import { LeatError } from "../errors.ts";
import type { ClientTls, ServerTls } from "./tls-options.ts";
import { parsePin } from "./tls-pin.ts";

/** As messages name the options. */
export type TlsNames = Readonly<
  Record<"cert" | "key" | "clientCa" | "ca" | "pin" | "insecure", string>
>;

const NAMES: TlsNames = {
  cert: "tls.cert",
  key: "tls.key",
  clientCa: "tls.clientCa",
  ca: "tls.ca",
  pin: "tls.pin",
  insecure: "tls.insecure",
};

/** The protocol's name in ALPN. */
export const ALPN = "leat/1";

/** SSL_OP_NO_TLSv1, _1 and _2: what is left is 1.3. */
const ONLY_1_3 = 0x04000000 | 0x10000000 | 0x08000000;

/** No session is resumed: a client shows its certificate each time it connects. */
const NO_TICKETS = 0x4000;

const COMMON = {
  // With its length: a text would be taken for the wire format.
  ALPNProtocols: Buffer.from([ALPN.length, ...Buffer.from(ALPN)]),
  secureOptions: ONLY_1_3 | NO_TICKETS,
} as const;

/** For a socket that was accepted. */
export function serverOptions({ cert, key, clientCa }: ServerTls): Bun.TLSOptions {
  const mutual = clientCa === undefined ? {} : { ca: clientCa, requestCert: true };
  // A client without a valid certificate is told why, in a frame: the transport passes nothing else.
  return { ...COMMON, cert, key, ...mutual, rejectUnauthorized: false };
}

/** For a socket that connects. @param host the name or address that the certificate must have */
export function clientOptions(tls: ClientTls, host: string): Bun.TLSOptions {
  const { ca, pin, insecure, cert, key } = tls;
  const own = cert === undefined || key === undefined ? {} : { cert, key };
  const common = { ...COMMON, ...own, serverName: host };
  if (pin !== undefined || insecure === true) return { ...common, rejectUnauthorized: false };
  return { ...common, ca: ca ?? systemAuthorities(), rejectUnauthorized: true };
}

/** SSL_CERT_FILE and SSL_CERT_DIR hold for them; where the system has none, those of the runtime. */
function systemAuthorities(): string[] {
  const { getCACertificates } = process.getBuiltinModule("node:tls");
  const system = getCACertificates("system");
  return system.length > 0 ? system : getCACertificates("bundled");
}

/** @param hasTls the server has TLS, or is only to be started @throws INVALID_ARGUMENT */
export function checkServerTls(
  tls: { readonly [K in keyof ServerTls]?: ServerTls[K] | undefined },
  hasTls = true,
  names = NAMES,
): asserts tls is ServerTls {
  if (!hasTls) throw withoutTls();
  const { cert, key, clientCa } = tls;
  if (cert === undefined && key === undefined) {
    throw invalid(`${names.cert} and ${names.key} are missing`);
  }
  if (cert === undefined || key === undefined) {
    throw alone(cert === undefined ? "key" : "cert", names);
  }
  checkPair(cert, key, names);
  if (clientCa !== undefined) certificate(clientCa, names.clientCa);
}

/** Whether any of them has a value. */
export function isGiven(tls: ClientTls = {}): boolean {
  return Object.values(tls).some((value) => value !== undefined && value !== false);
}

/** @throws INVALID_ARGUMENT */
export function checkClientTls(tls: ClientTls, names = NAMES): void {
  const { ca, pin, insecure, cert, key } = tls;
  const trusted = { ca, pin, insecure: insecure === true ? true : undefined };
  const [first, second] = (["ca", "pin", "insecure"] as const).filter(
    (name) => trusted[name] !== undefined,
  );
  if (first !== undefined && second !== undefined) {
    throw invalid(`${names[first]} and ${names[second]} exclude each other`);
  }
  if (ca !== undefined) certificate(ca, names.ca);
  if (pin !== undefined) parsePin(pin, names.pin);
  if ((cert === undefined) !== (key === undefined)) {
    throw alone(cert === undefined ? "key" : "cert", names);
  }
  if (cert !== undefined && key !== undefined) checkPair(cert, key, names);
}

function alone(given: "cert" | "key", names: TlsNames): LeatError {
  return invalid(`${names[given]} needs ${names[given === "key" ? "cert" : "key"]}, too`);
}

function checkPair(cert: string, key: string, names: TlsNames): void {
  if (certificate(cert, names.cert).checkPrivateKey(privateKeyOf(key, names.key))) return;
  throw invalid(`${names.key} is not the key of ${names.cert}`);
}

/** The first certificate of a text in PEM form. @throws INVALID_ARGUMENT */
export function certificate(pem: string, name: string): X509Certificate {
  try {
    return new (crypto().X509Certificate)(pem);
  } catch (cause) {
    throw invalid(`${name} has no certificate in PEM form`, cause);
  }
}

/** Loaded where TLS is used: it and node:tls take 3 ms of a command's start. */
const crypto = () => process.getBuiltinModule("node:crypto");

function privateKeyOf(pem: string, name: string): KeyObject {
  try {
    return crypto().createPrivateKey(pem);
  } catch (cause) {
    const isLocked = /ENCRYPTED/.test(pem);
    const what = isLocked
      ? "has a passphrase: give a key without"
      : "has no private key in PEM form";
    throw invalid(`${name} ${what}`, cause);
  }
}

export const withoutTls = (): LeatError =>
  invalid("the server has no TLS whose certificate could be replaced");

const invalid = (message: string, cause?: unknown): LeatError =>
  new LeatError("INVALID_ARGUMENT", message, { cause });
