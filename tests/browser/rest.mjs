// REST, as programs use it: over the local socket, where the user of this machine is administrator.

import { request } from "node:http";

/** An answer that was not expected. */
export class Refused extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path} answered ${status}: ${body}`);
    this.status = status;
  }
}

/**
 * @param {import("./demo.mjs").About & {below?: string}} about `below` is what stands before the paths of a plane
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {object} [body]
 * @returns {Promise<any>} the answer's JSON
 */
export function call(about, method, path, body) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((answered, failed) => {
    const asked = request({ socketPath: about.socket, method, path: `${about.below ?? ""}/api/v1${path}`, headers }, (answer) => {
      let whole = "";
      answer.setEncoding("utf8").on("data", (piece) => (whole += piece));
      answer.on("end", () => {
        if (answer.statusCode >= 400) failed(new Refused(method, path, answer.statusCode, whole));
        else answered(whole ? JSON.parse(whole) : undefined);
      });
    });
    asked.once("error", failed);
    asked.end(text);
  });
}

/** Asks until there is an answer that is not falsy, or fails after `seconds` with what was waited for. */
export async function until(what, seconds, ask) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`within ${seconds} s it did not come about that ${what}`);
    await new Promise((later) => setTimeout(later, 250));
  }
}
