// The program under test, started with settings of one's own, and what it prints.

import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const target = process.env.CARGO_TARGET_DIR ?? path.resolve(import.meta.dirname, "../../target");
const binary = path.join(target, "release", "tracking-server");

export const screenshots = path.join(target, "screenshots");

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the program in a folder of its own and waits for a line that starts with `until`. */
export async function start(options, environment, until) {
  const folder = await mkdtemp(path.join(tmpdir(), "tracking-server-"));
  const port = await freePort();
  const child = spawn(binary, options, {
    cwd: folder,
    env: { LISTEN: `127.0.0.1:${port}`, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = [];
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line.startsWith(until)) resolve();
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the program ended with ${code}: ${lines.join("\n")}`)));
  });
  return {
    lines,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** A name server that knows no name: it answers each question with NXDOMAIN (RFC 1035 §4.1.1). */
export async function emptyNameServer() {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (question, from) => {
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8183, 2);
    socket.send(answer, from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}
