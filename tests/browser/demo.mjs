// A `netwarden demo` of one's own: started, and what it tells at its start.

import { spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { createWriteStream } from "node:fs";
import { connect } from "node:tls";

/**
 * Starts the demo: a campus whose day takes so many minutes.
 *
 * @param {string} binary `netwarden`
 * @param {{minutes: number, log: string}} wish `log` is a file for everything that it says
 * @returns {Promise<{about: About, stop: () => Promise<void>}>}
 *
 * @typedef {object} About What a test has to know; plain, so that it goes through the environment.
 * @property {string} origin `https://localhost:PORT`
 * @property {string} certificate the server's certificate as PEM, held against the printed fingerprint
 * @property {string} key SHA-256 of its public key, as Chromium's switch wants it
 * @property {string} password the one-time password of `admin`
 * @property {string} socket REST for the local user
 */
export async function start(binary, { minutes, log }) {
  const child = spawn(binary, ["demo", "--port", "0", "--minutes", String(minutes)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  // It does not outlive whoever has started it.
  process.once("exit", () => child.kill("SIGTERM"));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const ended = new Promise((done) => child.once("exit", done));
  const kept = createWriteStream(log);
  const told = await new Promise((ready, failed) => {
    let text = "";
    child.once("error", failed);
    ended.then((code) => failed(new Error(`the demo ended with ${code}: ${text}`)));
    child.stderr.setEncoding("utf8").on("data", (piece) => {
      kept.write(piece);
      text += piece;
      // The last line of the beginning: everything is there then.
      if (text.includes("the day takes")) ready(text);
    });
  });
  const find = (pattern) => {
    const found = pattern.exec(told);
    if (!found) throw new Error(`${pattern} does not stand in what the demo says:\n${told}`);
    return found[1];
  };
  const origin = find(/(https:\/\/localhost:\d+)/);
  const identity = await identityOf(Number(new URL(origin).port), find(/certificate ([0-9A-F:]{95})/));
  return {
    about: {
      origin,
      ...identity,
      password: find(/one-time password (\S+)/),
      socket: find(/--socket (\S+)/),
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      kept.end();
    },
  };
}

/** The certificate of the server at a port of this machine, and its key, if it is the one of this fingerprint. */
export async function identityOf(port, fingerprint) {
  const certificate = await certificateOf(port, fingerprint);
  const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" }));
  return { certificate: certificate.toString(), key: key.digest("base64") };
}

/** The certificate that the server presents; it must be the one whose fingerprint was printed. */
function certificateOf(port, fingerprint) {
  return new Promise((found, failed) => {
    // Whom one talks to is what is found out here: by the fingerprint, as a person would do it.
    const connection = connect({ host: "localhost", port, rejectUnauthorized: false }, () => {
      const certificate = new X509Certificate(connection.getPeerCertificate().raw);
      connection.end();
      if (certificate.fingerprint256 === fingerprint) found(certificate);
      else failed(new Error(`the server presents ${certificate.fingerprint256}, and printed ${fingerprint}`));
    });
    connection.once("error", failed);
  });
}
