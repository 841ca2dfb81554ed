// The console on a real network: what stands in NETWARDEN_LAB was started by `tests/integration/lab_browser.rs`,
// inside whose namespace this runs. A rogue sits in quarantine on an Open vSwitch; whoever signs in for the first
// time finds it by search, reads why, authorises it, and sees its port come back.

import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** @type {{origin: string, certificate: string, password: string, socket: string, mac: string, place: string}} */
const lab = JSON.parse(process.env.NETWARDEN_LAB ?? "null");
if (!lab) throw new Error("this file is run by lab_browser.rs");
const certificate = new X509Certificate(readFileSync(lab.certificate));
const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
process.env.NETWARDEN_DEMO = JSON.stringify({ ...lab, key });
// These read what stands in the environment.
const { open, visit } = await import("./browser.mjs");
const { PASSWORD } = await import("./people.mjs");
const { call, until } = await import("./rest.mjs");
const { words } = await import("./words.mjs");
const t = words("en");

const browser = await open();
try {
  const { page, watch } = await visit(browser);

  console.log("first sign-in, with the one-time password");
  await page.goto("/");
  await page.getByLabel("User").fill("admin");
  await page.getByLabel("Password").fill(lab.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Present password").fill(lab.password);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

  console.log("found by search");
  await page.getByRole("searchbox").fill(lab.mac.slice(-8));
  await page.locator("#found").getByRole("link", { name: lab.mac }).click();
  await page.getByRole("link", { name: lab.place }).first().waitFor();

  console.log("why it is where it is");
  const why = page.getByRole("region", { name: t("why"), exact: true });
  const stages = await why.locator("li strong").allTextContents();
  for (const stage of ["stage-read-back", "stage-set", "stage-request", "stage-rule", "stage-event", "stage-sighting"]) {
    assert.ok(stages.some((found) => found.includes(t(stage))), `${t(stage)} is not among ${stages.join(", ")}`);
  }

  console.log("authorised, and its port comes back");
  await page.getByRole("link", { name: t("act-authorise") }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(t("column-reason")).fill("the new printer, ticket 4712");
  await dialog.getByRole("button", { name: t("act-authorise") }).click();
  await page.getByRole("status").filter({ hasText: t("done-authorise") }).waitFor();
  await until("the port was read back as it was", 60, async () => {
    const done = await call(lab, "GET", `/events?mac=${lab.mac}&kind=enforcement_done&limit=1`);
    return done.items[0]?.details.access === null;
  });
  await page.getByRole("link", { name: lab.place }).first().click();
  await page.getByRole("heading", { level: 1 }).getByText(lab.place).waitFor();
  await until("the port's page says that nothing of ours is on it", 30, async () => {
    await page.reload();
    return (await page.locator(".head").getByText(t("state-enforced"), { exact: true }).count()) === 0;
  });
  watch.check();
} finally {
  await browser.close();
}
