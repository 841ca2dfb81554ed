// An address for every page that the console declares, about something that the demo has.

import { about, pages } from "./browser.mjs";
import { call, until } from "./rest.mjs";

/** What stands for each placeholder of `views.rs`. */
async function things() {
  const [endpoint] = (await call(about, "GET", "/endpoints?online=true&limit=1")).items;
  const [event] = (await call(about, "GET", "/events?limit=1")).items;
  const [rule] = (await call(about, "GET", "/rules?limit=1")).items;
  // What was done becomes a record of the trail a moment later.
  const record = await until("there is a record", 20, async () => (await call(about, "GET", "/audit?limit=1")).items[0]);
  return {
    mac: endpoint.mac,
    ne: endpoint.ne_id,
    port: endpoint.port,
    seq: event.seq,
    id: rule.id,
    index: record.index,
  };
}

/**
 * Every page that can be looked at, with an address of it, and the roles that may (null: everybody).
 *
 * @returns {Promise<{path: string, address: string, roles: string[] | null}[]>}
 */
export async function addresses() {
  const known = await things();
  const shown = pages.filter((page) => page.method === "get" && !NO_PAGES.includes(page.path));
  if (shown.length < 20) throw new Error(`only ${shown.length} pages were handed over in NETWARDEN_PAGES`);
  return shown.map(({ path, roles }) => {
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      if (known[name] === undefined) throw new Error(`addresses.mjs does not know what {${name}} of ${path} is`);
      return encodeURIComponent(known[name]);
    });
    return { path, address, roles };
  });
}

/** Files and streams. */
const NO_PAGES = ["/assets/{hash}/{name}", "/endpoints.csv", "/elements.csv", "/events/live"];
