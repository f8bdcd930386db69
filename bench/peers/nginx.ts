/** nginx, asked by curl: sendfile down, WebDAV's PUT up. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "./competitor.ts";
import { httpEntry } from "./http.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

/** Bodies are collected on the file system of the library, so that the last step is a rename. */
const configuration = ({ etc, library, root }: Site, port: number): string => `
daemon off;
${root ? "user root;" : ""}
worker_processes auto;
pid ${etc}/nginx.pid;
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
    listen 127.0.0.1:${port};
    root ${library};
    autoindex on;
    autoindex_format json;
    dav_methods PUT;
  }
}
`;

export async function nginx(site: Site): Promise<Entry> {
  const program = site.programs.need("nginx");
  site.programs.need("curl");
  const port = freePort();
  const file = join(site.etc, "nginx.conf");
  writeFileSync(file, configuration(site, port));
  const argv = [program, "-p", site.etc, "-c", file, "-e", "stderr"];
  const server = await PeerServer.start(site, "nginx", port, argv);
  return httpEntry(site, "nginx", server);
}
