// Names that want to be more than names, put wherever the product keeps a text that others have written.

import { writeFileSync } from "node:fs";

import { about } from "./browser.mjs";
import { Refused, call, until } from "./rest.mjs";
import { simulate } from "./simulator.mjs";

/** Runs where a page takes it for markup; the dialog is then a fault of the watch. */
const SCRIPT = `<script>alert("ran")</script><img src=x onerror=alert(1)>`;
const ATTRIBUTE = `" onmouseover="alert(2)" autofocus onfocus=alert(3) x='`;
/** Turns what follows it around, and never turns back. */
const TURNED = "annexe\u202Egnp.exe";
const FORMULA = `=HYPERLINK("https://evil.example","x")`;
const FLUENT = "{ $mac } { -brand } %s ${x} {{ frame.proof }}";

const long = (length) => "W".repeat(length);

/** Texts of at most so many characters, the longest without a place to break at. */
export const texts = (length) => [SCRIPT, ATTRIBUTE, TURNED, FORMULA, FLUENT, long(length)].map((text) => text.slice(0, length));

const reason = `${SCRIPT} ${TURNED}`;

/** Puts them in, and tells where to look. */
export async function plant() {
  const endpoints = (await call(about, "GET", "/endpoints?online=true&status=authorised&limit=6")).items;
  const elements = (await call(about, "GET", "/elements?limit=6")).items;
  const looks = new Set();
  for (const [n, text] of texts(64).entries()) {
    await once(() => call(about, "POST", "/groups", { reason, name: text.trim(), description: text }));
    const region = text.trim();
    await call(about, "PATCH", `/elements/${elements[n].id}`, { reason, name: texts(255)[n], region });
    looks.add(`/elements/${elements[n].id}`);
    const long = texts(1000)[n];
    const change = { reason: n === 5 ? texts(1000)[5] : reason, owner: long, note: long, custom1: long, custom2: long, group: region };
    await call(about, "PATCH", `/endpoints/${endpoints[n].mac}`, change);
    await call(about, "POST", `/endpoints/${endpoints[n].mac}/authorise`, { reason: "W".repeat(10_000) });
    looks.add(`/endpoints/${endpoints[n].mac}`);
    for (const act of ["authorise", "block", "move"]) looks.add(`/endpoints/${endpoints[n].mac}/${act}`);
    const rule = { reason, name: texts(100)[n], description: long, on: ["unauthorised"], condition: `endpoint.custom1 == ${JSON.stringify(texts(200)[n])}`, reactions: [{ do: "quarantine", bounce: true }], severity: "minor" };
    await once(() => call(about, "POST", "/rules", rule));
  }
  for (const { id } of (await call(about, "GET", "/rules?limit=100")).items) {
    looks.add(`/rules/${id}`).add(`/rules/${id}/enable`);
  }
  // An empty text is as none.
  await call(about, "PATCH", `/endpoints/${endpoints[0].mac}`, { reason, note: "", custom1: "" });
  // A name from DHCP: what the client called itself. Marks that turn text are refused there already.
  await once(() => call(about, "POST", "/names/sources", { reason, name: "hostile", kind: "isc" }));
  const leases = texts(200).map((text, n) => ({ ip: endpoints[n].ips[0] ?? `192.0.2.${n}`, mac: endpoints[n].mac, host_name: text === TURNED ? "x" : text, state: "active" }));
  await call(about, "POST", "/names/sources/hostile/leases", { whole: true, leases });
  return { looks: [...looks], endpoints, elements };
}

const ascii = (text) => ["4x", Buffer.from(text).toString("hex")];
const number = (value) => ["2", value];

/**
 * A switch that calls itself, its places and its interfaces so: SNMPv2-MIB, IF-MIB and BRIDGE-MIB as a recording.
 *
 * @param {string} file where the recording is written
 */
export async function plantSwitch(file) {
  const hostile = texts(200);
  const rows = [
    ["1.3.6.1.2.1.1.1.0", ...ascii(SCRIPT)],
    ["1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.99999.1"],
    ["1.3.6.1.2.1.1.3.0", "67", 8_640_000],
    ["1.3.6.1.2.1.1.5.0", ...ascii(ATTRIBUTE)],
    ["1.3.6.1.2.1.1.6.0", ...ascii(TURNED)],
    ["1.3.6.1.2.1.17.1.1.0", "4x", "020000000099"],
    ["1.3.6.1.2.1.17.1.2.0", ...number(hostile.length)],
  ];
  for (const [n, text] of hostile.entries()) {
    const i = n + 1;
    rows.push(
      [`1.3.6.1.2.1.2.2.1.1.${i}`, ...number(i)],
      [`1.3.6.1.2.1.2.2.1.2.${i}`, ...ascii(text)],
      [`1.3.6.1.2.1.2.2.1.3.${i}`, ...number(6)],
      [`1.3.6.1.2.1.2.2.1.7.${i}`, ...number(1)],
      [`1.3.6.1.2.1.2.2.1.8.${i}`, ...number(1)],
      [`1.3.6.1.2.1.31.1.1.1.1.${i}`, ...ascii(text.slice(0, 60))],
      [`1.3.6.1.2.1.31.1.1.1.18.${i}`, ...ascii(text.slice(0, 64))],
      [`1.3.6.1.2.1.17.1.4.1.2.${i}`, ...number(i)],
    );
  }
  writeFileSync(file, rows.map((row) => row.join("|")).join("\n"));
  const device = await simulate(["recording", file]);
  try {
    return { ...device, ...(await adopted(device.address, hostile.length)) };
  } catch (error) {
    device.stop();
    throw error;
  }
}

async function adopted(address, count) {
  await once(() => call(about, "POST", "/credentials", { name: "recorded", kind: "v2c", community: "public" }));
  const name = "recorded switch";
  await once(() => call(about, "POST", "/elements", { reason, name, address, credential: "recorded", allow_v2c: true }));
  const element = (await call(about, "GET", "/elements?text=recorded+switch&limit=1")).items[0];
  const ports = await until("its ports were read", 60, async () => {
    const read = await call(about, "GET", `/elements/${element.id}/ports?limit=50`);
    return read.items.length >= count && read.items;
  });
  const looks = ports.flatMap((port) => ["", "/off", "/release"].map((act) => `/elements/${element.id}/ports/${encodeURIComponent(port.name)}${act}`));
  return { element, looks: [`/elements/${element.id}`, ...looks] };
}

/** What is there already from an earlier run is no fault. */
async function once(act) {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return undefined;
    throw error;
  }
}
