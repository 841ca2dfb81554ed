// How long the map takes until it stands there: `node map.mjs ORIGIN FINGERPRINT SOCKET`, against a server that runs.
// Prints a line of JSON for each way to fold it.

import { join } from "node:path";

import { identityOf } from "./demo.mjs";
import { call } from "./rest.mjs";

const [origin, fingerprint, socket] = process.argv.slice(2);
if (!socket) throw new Error("usage: node map.mjs ORIGIN FINGERPRINT SOCKET");

/** Loads of each address; the first fills the browser's cache. */
const LOADS = 11;

const identity = await identityOf(Number(new URL(origin).port), fingerprint);
process.env.NETWARDEN_DEMO = JSON.stringify({ origin, socket, ...identity });
// These read what stands in the environment.
const { about, open, visit } = await import("./browser.mjs");
const { signIn } = await import("./people.mjs");

const picture = process.env.NETWARDEN_PICTURES;
const browser = await open();
try {
  const { page, watch } = await visit(browser);
  await signIn(page, "revisor");
  for (const by of ["switch", "region", "all"]) {
    const drawn = [];
    for (let load = 0; load < LOADS; load += 1) {
      await page.goto(`/topology?by=${by}`);
      const entry = await page.waitForFunction(() => {
        const [found] = performance.getEntriesByName("topology-drawn");
        return found && { at: found.startTime + found.duration, took: found.duration };
      });
      drawn.push(await entry.jsonValue());
    }
    if (picture) await page.screenshot({ path: join(picture, `map-${by}.png`) });
    const graph = await page.evaluate(async (path) => (await fetch(path)).json(), `/topology/graph?by=${by}`);
    const [first, ...others] = drawn.map(({ at }) => at);
    others.sort((a, b) => a - b);
    const counts = { nodes: graph.nodes.length, links: graph.links.length };
    const times = { first_ms: first, median_ms: others[others.length >> 1], longest_ms: others.at(-1) };
    console.log(JSON.stringify({ by, ...counts, ...times }));
  }
  const { total } = await call(about, "GET", "/elements?limit=1");
  console.log(JSON.stringify({ elements: total.count ?? total }));
  watch.check();
} finally {
  await browser.close();
}
