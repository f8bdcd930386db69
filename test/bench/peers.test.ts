import { describe, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startPeers } from "../../bench/peers/line-up.ts";
import { type Plan, prepareSite, runPeers } from "../../bench/peers/suite.ts";
import { Scratch } from "../../bench/support/processes.ts";
import { Recorder } from "../../bench/support/record.ts";
import { KiB } from "../../src/limits.ts";
import { until } from "../support/until.ts";
import { inBenchFolder, testSuite } from "./support.ts";

const times = { rounds: 1, warmUp: false };

const TINY: Plan = {
  file: { size: 300 * KiB, ...times },
  parts: { count: 8, size: 100 * KiB, clients: 2, ...times },
  small: [{ count: 20, ...times }],
  names: { count: 50, ...times },
  start: times,
  idle: { connections: 3, rounds: 1 },
};

/** The bench itself and both of leat, whoever else is there. */
const SERVERS = 3;

const WORKS = [
  "download 4 KiB",
  "download 300 KiB",
  "download 8 × 100 KiB by 2 clients",
  "upload 300 KiB",
  "upload 8 × 100 KiB by 2 clients",
  "download 20 × 4 KiB",
  "upload 20 × 4 KiB",
  "list 50 names",
  "an idle connection",
];

/** Processes whose environment or command line names the folder. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const [words, environment] = ["cmdline", "environ"].map((name) =>
        readFileSync(`/proc/${pid}/${name}`, "latin1"),
      );
      return `${words}${environment}`.includes(folder);
    } catch {
      return false;
    }
  });
}

function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  return inBenchFolder(async (folder) => {
    await run(folder);
    expect(processesOf(folder)).toEqual([]);
  });
}

describe("the bench beside peers", () => {
  testSuite("measures every work of leat and of who is there", () =>
    inFolder(async (folder) => {
      const record = new Recorder();
      await runPeers(TINY, record);
      const works = record.measurements.filter(({ who }) => who === "leat").map(({ work }) => work);
      expect([...new Set(works)].toSorted()).toEqual(WORKS.toSorted());
      // A peer that is installed takes part in all, as far as this user may look at its memory: one that
      // fails is a defect of the bench.
      const failed = record.absences.filter(
        ({ why }) => !/not installed|by root|permission denied, open '\/proc\//.test(why),
      );
      expect(failed.map(({ who }) => who)).toEqual(["Bun.serve + curl"]);
      expect(failed[0]!.why).toContain("no listing of its own");
      expect(readdirSync(folder)).toEqual([]);
    }),
  );

  test("names who is absent, and goes on", () =>
    inFolder(async (folder) => {
      const record = new Recorder();
      {
        using scratch = new Scratch();
        await using lineUp = await startPeers(prepareSite(scratch, ""), "peers", record);
        expect(lineUp.competitors.map(({ who }) => who)).toEqual([
          "leat",
          "leat, fsync",
          "leat, kernel copy",
        ]);
      }
      const absent = record.absences.map(({ who }) => who);
      const peers = ["Bun.serve", "nginx", "vsftpd", "OpenSSH sftp", "rsync"];
      for (const who of [...peers, "the same calls in C", "cp -r"]) {
        expect(absent).toContain(who);
      }
      const { why } = record.absences.find(({ who }) => who === "nginx")!;
      expect(why).toBe("nginx is not installed: apt-get install nginx-light");
      expect(readdirSync(folder)).toEqual([]);
    }));

  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const wanted = signal === "SIGINT" ? test : testSuite;
    wanted(`leaves no process behind when it gets ${signal}`, () =>
      inFolder(async (folder) => {
        const main = join(import.meta.dir, "../../bench/main.ts");
        const bench = Bun.spawn([process.execPath, main, "peers", "--quick", "--out", folder], {
          env: { ...process.env },
          stdio: ["ignore", "ignore", "ignore"],
        });
        const servers = (): boolean => processesOf(folder).length >= SERVERS;
        await until(servers);
        bench.kill(signal);
        expect(await bench.exited).not.toBe(0);
        await until(() => processesOf(folder).length === 0);
        // The report of what was measured until then is there; what the suite worked with is not.
        const scratch = readdirSync(folder).filter((name) => name.startsWith("leat-bench-"));
        if (signal === "SIGINT") expect(scratch).toEqual([]);
      }),
    );
  }
});
