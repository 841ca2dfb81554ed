// Devices besides the demo's campus: `netwarden-sim`, whose path is in NETWARDEN_SIM.

import { spawn } from "node:child_process";

/** True where there is one to start. */
export const isThere = Boolean(process.env.NETWARDEN_SIM);

/**
 * Starts it with these arguments.
 *
 * @param {string[]} args
 * @returns {Promise<{address: string, stop: () => void}>} the address of its first agent
 */
export async function simulate(args) {
  const child = spawn(process.env.NETWARDEN_SIM, args, { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((found, failed) => {
    let text = "";
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`netwarden-sim ended with ${code}: ${text}`)));
    child.stdout.setEncoding("utf8").on("data", (piece) => {
      text += piece;
      const agent = /^(127\.\S+:\d+) /m.exec(text);
      if (agent) found(agent[1]);
    });
  });
  // It ends as at a terminal: by Ctrl-C.
  return { address, stop: () => child.kill("SIGINT") };
}
