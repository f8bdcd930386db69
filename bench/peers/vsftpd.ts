/** vsftpd, asked by curl and by lftp. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "./competitor.ts";
import { ftpEntry } from "./ftp.ts";
import { PeerServer, type Site, freePort, userName } from "./site.ts";

const configuration = (port: number, library: string): string => `
listen=YES
listen_address=127.0.0.1
listen_port=${port}
background=NO
run_as_launching_user=YES
anonymous_enable=YES
no_anon_password=YES
ftp_username=${userName()}
anon_root=${library}
allow_writeable_chroot=YES
anon_world_readable_only=NO
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
use_sendfile=YES
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
xferlog_enable=NO
idle_session_timeout=3600
max_clients=0
max_per_ip=0
`;

export async function vsftpd(site: Site): Promise<Entry> {
  const program = site.programs.need("vsftpd");
  const port = freePort();
  const file = join(site.etc, "vsftpd.conf");
  writeFileSync(file, configuration(port, site.library).trimStart());
  const server = await PeerServer.start(site, "vsftpd", port, [program, file]);
  return ftpEntry(site, "vsftpd", server, { user: "anonymous", password: "bench" });
}
