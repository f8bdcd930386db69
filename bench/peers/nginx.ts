/** nginx, asked by curl: sendfile down, WebDAV's PUT up. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchCertificate, CIPHER, certificateOf, checkCipher } from "./certificate.ts";
import type { Entry } from "./competitor.ts";
import { httpEntry } from "./http.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

/** Bodies are collected on the file system of the library, so that the last step is a rename. */
const configuration = (
  { etc, library, root }: Site,
  port: number,
  tls: BenchCertificate | undefined,
): string => `
daemon off;
${root ? "user root;" : ""}
worker_processes auto;
pid ${etc}/nginx-${port}.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 3600;
  keepalive_requests 1000000;
  client_max_body_size 0;
  client_body_temp_path ${etc}/nginx-body;
  proxy_temp_path ${etc}/nginx-proxy;
  fastcgi_temp_path ${etc}/nginx-fastcgi;
  uwsgi_temp_path ${etc}/nginx-uwsgi;
  scgi_temp_path ${etc}/nginx-scgi;
  server {
    listen 127.0.0.1:${port}${tls === undefined ? "" : " ssl"};
    ${tls === undefined ? "" : tlsLines(tls)}
    root ${library};
    autoindex on;
    autoindex_format json;
    dav_methods PUT;
  }
}
`;

const tlsLines = ({ cert, key }: BenchCertificate): string => `
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${CIPHER};
`;

export async function nginx(site: Site): Promise<Entry> {
  return httpEntry(site, "nginx", await start(site, "nginx", undefined));
}

/** The same over TLS: there sendfile has nothing to do. */
export async function nginxOverTls(site: Site): Promise<Entry> {
  const tls = certificateOf(site);
  const server = await start(site, "nginx-tls", tls);
  await checkCipher(server, tls.cert, "http/1.1");
  return httpEntry(site, "nginx", server, {
    note: CIPHER,
    tls: { cert: tls.cert, cipher: CIPHER },
  });
}

async function start(
  site: Site,
  name: string,
  tls: BenchCertificate | undefined,
): Promise<PeerServer> {
  const program = site.programs.need("nginx");
  site.programs.need("curl");
  const port = freePort();
  const file = join(site.etc, `${name}.conf`);
  writeFileSync(file, configuration(site, port, tls));
  const argv = [program, "-p", site.etc, "-c", file, "-e", "stderr"];
  return await PeerServer.start(site, name, port, argv);
}
