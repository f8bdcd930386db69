/** Who the other end of a TLS connection is, and why it is not let in. */
import type { PeerCertificate } from "node:tls";
import { LeatError } from "../errors.ts";
import { MAX_IDENTITY } from "../limits.ts";
import { parsePin, pinOf } from "./tls-pin.ts";
import { ALPN } from "./tls.ts";
import type { ClientTls, ServerTls } from "./tls-options.ts";

/** The parts of a socket of the runtime that say who the peer is. */
export interface SecureSocket {
  readonly authorized: boolean;
  readonly alpnProtocol: string | false | null;
  getAuthorizationError(): Error | null;
  getPeerCertificate(): PeerCertificate;
}

/** A handshake that failed, as the runtime reports it. */
export interface HandshakeError extends Error {
  readonly code?: string;
}

/** One side's view of the other. */
export interface Trust {
  /** Whether a peer that is not trusted is told so: a server says it to its client, a client says nothing. */
  readonly tells: boolean;
  /** Whether nobody else can be at the other end, so that secrets may be sent there. */
  readonly isProof: boolean;
  /** @returns why a handshake failed */
  explain(error: HandshakeError | null): LeatError;
  /**
   * After a handshake. `socket.authorized` decides, or the pin.
   * @param error of the certificate
   * @returns why the peer is not trusted, or the user that its certificate names
   */
  verify(
    socket: SecureSocket,
    error: HandshakeError | null,
  ): LeatError | { readonly identity: string | undefined };
}

/**
 * Whether a handshake that is reported as failed is complete, and only the certificate is one that the runtime
 * does not trust. With a wrong name it reports a failure also where it was told to reject nothing, and the
 * connection is up. Where TLS itself failed it is not, and the runtime would send nothing.
 */
export function isAboutCertificate(error: HandshakeError | null): boolean {
  return error?.code !== undefined && error.code !== "EPROTO" && error.code !== "ECONNRESET";
}

const wrong = (message: string, cause?: unknown): LeatError =>
  new LeatError("PROTOCOL_ERROR", message, { cause });
const unknown = (message: string, cause?: unknown): LeatError =>
  new LeatError("UNAUTHENTICATED", message, { cause });

/** Of a server, in its clients. */
export function trustInClients({ clientCa }: ServerTls): Trust {
  return {
    tells: true,
    isProof: true,
    explain: explainToServer,
    verify(socket) {
      if (socket.alpnProtocol !== ALPN) return wrong(noAlpn("the client"));
      if (clientCa === undefined) return { identity: undefined };
      const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
      if (certificate?.raw === undefined) {
        return unknown("this server asks for a client's certificate, and the client has none");
      }
      if (!socket.authorized) {
        const why = reason(socket.getAuthorizationError());
        return unknown(`the client's certificate is not accepted: ${why}`);
      }
      const identity = identityOf(certificate);
      if (identity !== undefined) return { identity };
      return unknown(
        "the client's certificate names no user: neither its alternative names nor its common name",
      );
    },
  };
}

/** Of a client, in its server. @param where the server's address */
export function trustInServer({ pin, insecure }: ClientTls, where: string): Trust {
  return {
    tells: false,
    isProof: insecure !== true,
    explain: (error) => explainToClient(error, where),
    verify(socket, error) {
      if (socket.alpnProtocol !== ALPN) return wrong(noAlpn(where));
      if (pin !== undefined) {
        const shown = shownBy(socket);
        if (shown === `sha256:${parsePin(pin)}`) return { identity: undefined };
        return unknown(`${where} shows the certificate ${shown}, and not the one that is pinned`);
      }
      if (insecure === true || socket.authorized) return { identity: undefined };
      return notTrusted(error ?? socket.getAuthorizationError(), socket, where);
    },
  };
}

const noAlpn = (who: string): string => `${who} speaks TLS, but not ${ALPN} (ALPN)`;

/** Errors of BoringSSL, and what they mean for the one who meets them. */
const STRANGERS: readonly [pattern: RegExp, server: string, client: string][] = [
  [
    /WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|UNEXPECTED_MESSAGE|INVALID_ALERT/,
    "speaks no TLS, and this server requires it: the address for the client begins with tls://",
    "answers without TLS: if that is meant, its address begins with tcp://",
  ],
  [/UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION/, "has no TLS 1.3", "has no TLS 1.3"],
  [
    /NO_APPLICATION_PROTOCOL/,
    `speaks TLS, but not ${ALPN} (ALPN)`,
    `speaks TLS, but not ${ALPN} (ALPN): is it a leat server?`,
  ],
];

function explainToServer(error: HandshakeError | null): LeatError {
  const text = error?.message ?? "";
  const stranger = STRANGERS.find(([pattern]) => pattern.test(text));
  if (stranger !== undefined) return wrong(`the client ${stranger[1]}`, error);
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)/.test(text)) {
    return unknown("the client does not trust this server's certificate", error);
  }
  const why = error?.code === "ECONNRESET" ? "it left" : reason(error);
  const hint = error?.code === "ECONNRESET" ? "; it may not trust this server's certificate" : "";
  return new LeatError("CONNECTION_LOST", `no TLS with the client: ${why}${hint}`, {
    cause: error,
  });
}

function explainToClient(error: HandshakeError | null, where: string): LeatError {
  const text = error?.message ?? "";
  const stranger = STRANGERS.find(([pattern]) => pattern.test(text));
  if (stranger !== undefined) return wrong(`${where} ${stranger[2]}`, error);
  if (error?.code === "ECONNRESET") {
    const message = `${where} closed the connection in the TLS handshake`;
    return new LeatError("UNAVAILABLE", message, { cause: error });
  }
  return wrong(`no TLS with ${where}: ${reason(error)}`, error);
}

/** Codes of certificates that no trusted authority has signed. */
const UNSIGNED =
  /^(UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?)$/;

function notTrusted(error: HandshakeError | null, socket: SecureSocket, where: string): LeatError {
  const shown = shownBy(socket);
  const code = error?.code ?? "";
  const why = UNSIGNED.test(code)
    ? "is signed by no authority that is trusted here"
    : code === "CERT_HAS_EXPIRED"
      ? "has expired"
      : code === "ERR_TLS_CERT_ALTNAME_INVALID"
        ? `is for another name: ${names(socket)}`
        : `is not accepted: ${reason(error)}`;
  return unknown(
    `the certificate of ${where} ${why}; its fingerprint is ${shown}: if the server's owner tells you the same, it can be pinned`,
    error,
  );
}

function names(socket: SecureSocket): string {
  const { subjectaltname, subject } = certificateOf(socket) ?? {};
  return (subjectaltname ?? `CN ${String(subject?.CN)}`).slice(0, 200);
}

function certificateOf(socket: SecureSocket): PeerCertificate | undefined {
  return socket.getPeerCertificate() as PeerCertificate | undefined;
}

function shownBy(socket: SecureSocket): string {
  const digits = certificateOf(socket)?.fingerprint256;
  return digits === undefined ? "none" : pinOf(digits);
}

function reason(error: HandshakeError | null): string {
  const text = error?.message ?? "the runtime gives no reason";
  return text.replace(/^error:\w+:SSL routines:OPENSSL_internal:/, "").replaceAll("_", " ");
}

/** A name is taken only if it can stand in a log, a file and a shell as it is. */
const IDENTITY = /^[\p{L}\p{N}][\p{L}\p{N}@._+:/-]*$/u;
const NAMING = /^(?:email|DNS|URI):(.*)$/;

/** @returns the user that a certificate names */
function identityOf({ subjectaltname, subject }: PeerCertificate): string | undefined {
  // With a quote in it the runtime has escaped a name, which could hold a comma and look like two.
  if (subjectaltname?.includes('"')) return undefined;
  const alternatives = (subjectaltname ?? "").split(", ");
  const [first] = alternatives.flatMap((name) => NAMING.exec(name)?.[1] ?? []);
  const name: unknown = first ?? subject.CN;
  if (typeof name !== "string" || Buffer.byteLength(name) > MAX_IDENTITY) return undefined;
  return IDENTITY.test(name) ? name : undefined;
}
