// An address for every page that the console declares, about something that the demo has.

import { about, pages } from "./browser.mjs";
import { make } from "./people.mjs";
import { Refused, call, until } from "./rest.mjs";

/** Files, streams, and what scripts put into pages; and what the demo has not, since it keeps no backups. */
const NO_PAGES = [
  "/assets/{hash}/{name}",
  "/events/live",
  "/audit/export",
  "/system/backups/{backup}",
  "/system/backups/{backup}/remove",
  "/topology/find",
  "/topology/graph",
];

/**
 * Every page that can be looked at, with an address of it, and the roles that may (null: everybody).
 *
 * @returns {Promise<{path: string, address: string, roles: string[] | null}[]>}
 */
export async function addresses() {
  const shown = pages.filter(({ method, path }) => method === "get" && !NO_PAGES.includes(path) && !path.endsWith(".csv"));
  if (shown.length < 20) throw new Error(`only ${shown.length} pages were handed over in NETWARDEN_PAGES`);
  const address = await addressing();
  return shown.map(({ path, roles }) => ({ path, address: address(path), roles }));
}

/** What puts something that there is into the placeholders of a path of `views.rs`. */
export async function addressing() {
  const known = await things();
  return (path) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      if (known[name] === undefined) throw new Error(`addresses.mjs does not know what {${name}} of ${path} is`);
      return encodeURIComponent(known[name]);
    });
}

async function things() {
  const first = async (path) => {
    const answer = await call(about, "GET", path);
    return Array.isArray(answer) ? answer[0] : answer.items[0];
  };
  const endpoint = await first("/endpoints?online=true&limit=1");
  const rule = await first("/rules?limit=1");
  const reason = "so that its page can be looked at";
  await once("/groups", { reason, name: "visitors", description: "who comes for a day" });
  await once("/names/sources", { reason, name: "leases", kind: "isc" });
  const webhook = { kind: "webhook", url: "https://localhost:9/hook" };
  await once("/channels", { reason, name: "desk", definition: webhook, secret: "a key of a signature" });
  await once("/policies/logins", { reason, name: "anywhere", kind: "addresses", lines: "0.0.0.0/0\n::/0" });
  await once("/roles", { reason, name: "night-shift", operations: ["port.read", "port.off"] });
  await once("/domains", { reason, name: "north", belongs: { regions: ["north"] } });
  await once("/tenants", { reason, name: "initech", kind: "basic" });
  const listed = { reason, kind: "address", who: "203.0.113.7", denies: ["backup"] };
  const entry = (await first("/blocklist")) ?? (await call(about, "POST", "/blocklist", listed));
  await make("administrator");
  const job = (await first("/jobs")) ?? (await call(about, "POST", `/rules/${rule.id}/rehearse`, {}));
  // What was done becomes a record of the trail a moment later.
  const record = await until("there is a record", 20, () => first("/audit?limit=1"));
  return {
    mac: endpoint.mac,
    ne: endpoint.ne_id,
    port: endpoint.port,
    // Events about users are not for everybody.
    seq: (await first("/events?kind=mac_online&limit=1")).seq,
    id: rule.id,
    index: record.index,
    job: job.id,
    account: "admin",
    policy: "anywhere",
    role: "night-shift",
    domain: "north",
    tenant: "initech",
    entry: entry.id,
    factor: 1,
    setting: (await first("/policies/accounts")).name,
    token: await token(),
    session: (await first("/sessions?user=administrator&limit=1")).id,
    set: (await first("/credentials")).id,
    channel: "desk",
    group: "visitors",
    source: "leases",
    parameter: (await first("/system/parameters")).name,
    backup: "none",
  };
}

/** A token of the administrator's, who has one for the asking. */
async function token() {
  const listed = await call(about, "GET", "/tokens?all=true&limit=1");
  if (listed.items.length > 0) return listed.items[0].id;
  await call(about, "POST", "/tokens", { name: "inventory", days: 30, operations: ["endpoint.read"] });
  return token();
}

/** Makes it, where an earlier file has not. */
async function once(path, body) {
  try {
    await call(about, "POST", path, body);
  } catch (error) {
    if (!(error instanceof Refused && error.status === 409)) throw error;
  }
}
