/** A server of another origin that remembers what it was asked, and lets in whom a test wants. */
import { createReadStream, existsSync, statSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SITE } from "./site.js";

/** A request as it came. */
export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** What it was answered with. */
  status: number;
}

/** Serves the site's files, by ranges too. */
export class Gate {
  /** All requests so far. */
  readonly asked: Asked[] = [];
  /** Others are answered with 403. */
  isLetIn: (asked: Asked) => boolean = () => true;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async open(): Promise<Gate> {
    const gate = new Gate();
    await new Promise<void>((resolve) => gate.#server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  /** With a slash at the end. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  /** Requests for the pack's own files. */
  get fetched(): Asked[] {
    return this.asked.filter(({ method }) => method === "GET");
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "/", this.address);
    const asked = { method, path: url.pathname, query: url.searchParams, headers, status: 204 };
    this.asked.push(asked);
    const finish = (status: number, more: Record<string, string | number> = {}): void => {
      asked.status = status;
      response.writeHead(status, {
        "Access-Control-Allow-Origin": headers.origin ?? "*",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": headers["access-control-request-headers"] ?? "",
        "Cache-Control": "no-store",
        ...more,
      });
    };
    const file = join(SITE, url.pathname);
    const isThere = existsSync(file) && statSync(file).isFile();
    if (method === "OPTIONS") return finish(204), void response.end();
    if (!this.isLetIn(asked)) return finish(403), void response.end();
    if (!isThere) return finish(404), void response.end();
    const { size } = statSync(file);
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    if (start === undefined || last === undefined) {
      finish(200, { "Content-Length": size });
      createReadStream(file).pipe(response);
      return;
    }
    const end = Math.min(Number(last), size - 1);
    const range = `bytes ${start}-${end}/${size}`;
    finish(206, { "Content-Range": range, "Content-Length": end + 1 - Number(start) });
    createReadStream(file, { start: Number(start), end }).pipe(response);
  }
}
