// The rogue of the demo: a device that nobody knows, which a rule puts into quarantine.

import { about } from "./browser.mjs";
import { call, until } from "./rest.mjs";

const QUARANTINE = 666;

/** The rogue, when its port is in quarantine; put there once more where it was released already. */
export async function inQuarantine() {
  const found = await until("the rogue is seen", 120, async () => {
    const known = await call(about, "GET", "/endpoints?text=b8:27:eb&limit=10");
    return known.items.find((one) => one.port && one.online);
  });
  const mac = found.mac;
  const port = () => call(about, "GET", `/ports/${found.ne_id}/${encodeURIComponent(found.port)}`);
  if (found.status !== "new") {
    await call(about, "POST", `/endpoints/${mac}/block`, { reason: "the next test" });
    await call(about, "POST", `/endpoints/${mac}/move`, { reason: "the next test", bounce: true });
  }
  await until("the rogue's port is read back as quarantined", 60, async () => {
    const now = await port();
    return now.enforcement && now.pvid === QUARANTINE;
  });
  return { mac, element: found.ne_id, place: `${found.ne} · ${found.port}`, port };
}

/** Waits until the port has what it had before we changed it. */
export async function isBack(rogue) {
  return until("the rogue's port is as it was", 60, async () => {
    const now = await rogue.port();
    return !now.enforcement && now.pvid !== QUARANTINE;
  });
}
