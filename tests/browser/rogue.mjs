// The rogue of the demo: a device that nobody knows, which a rule puts into quarantine.

import { about } from "./browser.mjs";
import { call, until } from "./rest.mjs";

/** The VLAN of the demo in which strangers are. */
export const QUARANTINE = 666;

/** The rogue, when its port is in quarantine; put there once more where it was released already. */
export async function inQuarantine() {
  const found = await until("the rogue is seen", 120, async () => {
    const known = await call(about, "GET", "/endpoints?text=b8:27:eb&limit=10");
    return known.items.find((one) => one.port && one.online);
  });
  const mac = found.mac;
  const port = () => call(about, "GET", `/ports/${found.ne_id}/${encodeURIComponent(found.port)}`);
  const rogue = { mac, element: found.ne_id, place: `${found.ne} · ${found.port}`, port };
  if (found.status !== "new") {
    await call(about, "POST", `/endpoints/${mac}/block`, { reason: "the next test" });
    await call(about, "POST", `/endpoints/${mac}/move`, { reason: "the next test", bounce: true });
  }
  await until("the rogue's port is read back as quarantined", 60, async () => (await lastSet(rogue))?.vlan === QUARANTINE);
  return rogue;
}

/** Waits until its port was read back with what it had before we changed it. */
export function isBack(rogue) {
  return until("the rogue's port is as it was", 60, async () => {
    return (await lastSet(rogue)) === null && !(await rogue.port()).enforcement;
  });
}

/** What the port was last read back as: the access that was set, null for its own. */
async function lastSet({ mac }) {
  const done = await call(about, "GET", `/events?mac=${mac}&kind=enforcement_done&limit=1`);
  return done.items[0]?.details.access;
}
