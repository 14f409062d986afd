/**
 * The site as a fan far from it has it: one line of so many bits a second for all connections,
 * and a round trip for each question.
 *
 * A server of HTTP/2, as a CDN's is, stands behind a proxy that hands on what it sends when the
 * line would have brought it. Downwards, connections share the line packet by packet; upwards,
 * questions are small and only take their time. A new connection waits a round trip for TCP and
 * its handshake's own for TLS; TCP's slow start is left out.
 *
 * The player's own files are kept by the browser, as those with a version in their address are; a
 * pack at `/cold-N/…`, any N, is the one at `/…`, and no browser has it yet. JSON goes compressed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

/** What a line is like. */
export interface LineSpeed {
  roundTripMs: number;
  megabitsPerSec: number;
}

/** As much of an answer goes at once before another connection has its turn. */
const PACKET_BYTES = 1460;
/** More than this waits in the server, not in the line. */
const QUEUE_BYTES_MAX = 4 << 20;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".m4s": "video/mp4",
  ".mp4": "video/mp4",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** A folder behind a slow line. */
export class SlowSite {
  readonly #speed: LineSpeed;
  readonly #line: Line;
  readonly #http: Http2SecureServer;
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, speed: LineSpeed) {
    this.#speed = speed;
    this.#line = new Line(speed);
    this.#http = createSecureServer({ allowHTTP1: true, ...certificate() }, (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "https://site");
      const path = normalize(decodeURIComponent(pathname).replace(/^\/cold-\d+\//, "/"));
      try {
        const file = answerOf(join(folder, path.endsWith("/") ? `${path}index.html` : path));
        response.writeHead(200, file.headers).end(file.body);
      } catch {
        response.writeHead(404).end();
      }
    });
    this.#proxy = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Serves `folder` until closed. */
  static async open(folder: string, speed: LineSpeed): Promise<SlowSite> {
    const site = new SlowSite(folder, speed);
    for (const server of [site.#http, site.#proxy]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return site;
  }

  /** With a slash at the end. */
  get address(): string {
    return `https://127.0.0.1:${portOf(this.#proxy)}/`;
  }

  /** How long the line takes to bring so many bytes. */
  transferMs(bytes: number): number {
    return (bytes * 8) / this.#speed.megabitsPerSec / 1000;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#proxy.close();
    this.#http.close();
  }

  #accept(client: Socket): void {
    const server = connect({ port: portOf(this.#http), host: "127.0.0.1", noDelay: true });
    const { roundTripMs } = this.#speed;
    const openAtMs = performance.now() + roundTripMs;
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes) => {
      const waitMs = Math.max(0, openAtMs - performance.now()) + roundTripMs / 2;
      setTimeout(() => server.write(bytes), waitMs);
    });
    server.on("data", (bytes: Buffer) => this.#line.send(server, client, bytes));
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** What is on its way to one connection. */
interface Queue {
  from: Socket;
  to: Socket;
  packets: Buffer[];
}

/** The way down, which all share. */
class Line {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  /** In turn; only those with something to send. */
  readonly #queues: Queue[] = [];
  readonly #flying: { atMs: number; to: Socket; bytes: Buffer }[] = [];
  #queuedBytes = 0;
  /** When the last packet has left. */
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({ roundTripMs, megabitsPerSec }: LineSpeed) {
    this.#bytesPerMs = (megabitsPerSec * 1000) / 8;
    this.#delayMs = roundTripMs / 2;
  }

  send(from: Socket, to: Socket, bytes: Buffer): void {
    // Whatever was due before these came has left without them.
    this.#run();
    let queue = this.#queues.find((queue) => queue.to === to);
    if (queue === undefined) {
      queue = { from, to, packets: [] };
      this.#queues.push(queue);
    }
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      queue.packets.push(bytes.subarray(at, at + PACKET_BYTES));
    }
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > QUEUE_BYTES_MAX) from.pause();
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now());
    this.#run();
  }

  /** Sends what had its turn by now, hands over what has arrived. */
  #run(): void {
    const nowMs = performance.now();
    while (this.#freeAtMs <= nowMs) {
      const queue = this.#queues.shift();
      const bytes = queue?.packets.shift();
      if (queue === undefined || bytes === undefined) break;
      this.#freeAtMs += bytes.length / this.#bytesPerMs;
      this.#queuedBytes -= bytes.length;
      this.#flying.push({ atMs: this.#freeAtMs + this.#delayMs, to: queue.to, bytes });
      if (queue.packets.length > 0) this.#queues.push(queue);
      else queue.from.resume();
    }
    while ((this.#flying[0]?.atMs ?? Infinity) <= nowMs) {
      const packet = this.#flying.shift();
      if (packet?.to.writable === true) packet.to.write(packet.bytes);
    }
    const nextMs = Math.min(
      this.#queues.length > 0 ? this.#freeAtMs : Infinity,
      this.#flying[0]?.atMs ?? Infinity,
    );
    clearTimeout(this.#timer ?? undefined);
    this.#timer = nextMs === Infinity ? null : setTimeout(() => this.#run(), nextMs - nowMs);
  }
}

interface Answer {
  headers: Record<string, string>;
  body: Buffer;
}

/** A file as the server sends it. Throws where there is none. */
function answerOf(path: string): Answer {
  const known = answers.get(path);
  if (known !== undefined) return known;
  const isPage = extname(path) === ".html";
  const isJson = extname(path) === ".json";
  const bytes = readFileSync(path);
  const body = isJson ? gzipSync(bytes) : bytes;
  const answer = {
    headers: {
      // The page itself is asked for, so that its connection is open when the fan comes to click.
      "cache-control": isPage ? "no-store" : "public, max-age=31536000, immutable",
      "content-length": String(body.length),
      "content-type": CONTENT_TYPES[extname(path)] ?? "application/octet-stream",
      ...(isJson ? { "content-encoding": "gzip" } : {}),
    },
    body,
  };
  answers.set(path, answer);
  return answer;
}

const answers = new Map<string, Answer>();

/** A key and a certificate that nobody trusts; browsers are told to take it all the same. */
function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "touchline-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const words = ["req", "-x509", ...kind, ...subject, "-days", "2", "-keyout", key, "-out", cert];
  execFileSync("openssl", words, { stdio: ["ignore", "ignore", "pipe"] });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}
