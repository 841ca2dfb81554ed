// A switch is adopted by the wizard: credentials, discovery, review, baseline, observe, enforce. It is a
// generated switch of `netwarden-sim`, which answers SNMPv2c on loopback.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, assertNoSidewaysScroll, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call, until } from "./rest.mjs";
import { simulate } from "./simulator.mjs";
import { words } from "./words.mjs";

const t = words("en");
const REASON = "a switch of the tests";

let browser;
let device;
before(async () => {
  device = await simulate(["network", "--switches", "1", "--ports", "24", "--endpoints", "12", "--community", "public"]);
  browser = await open();
});
after(async () => {
  await browser?.close();
  device?.stop();
});

test("a switch is adopted by the wizard, step by step", async () => {
  const { page, watch } = await visit(browser);
  watch.allowed.add(422);
  await signIn(page, "operator", "/adopt");
  const goOn = (key) => page.getByRole("navigation", { name: t("adopt-steps") }).getByRole("link", { name: t(key) }).click();

  await goOn("adopt-credentials");
  await page.locator("main a[href*='credential']").filter({ hasNotText: t("adopt-credentials") }).first().waitFor();
  await call(about, "POST", "/credentials", { name: "generated", kind: "v2c", community: "public" }).catch(() => {});

  await goOn("adopt-discover");
  const form = page.locator("form[action='/adopt/host']");
  await form.getByLabel(t("column-address")).fill(device.address);
  await form.getByLabel(t("column-name")).fill("generated-1");
  await form.getByLabel(t("property-quarantine-vlan")).fill("666");
  await form.getByLabel(t("field-allow-v2c")).check();
  await form.getByRole("button", { name: t("act-add") }).click();
  const element = await until("the switch is in the inventory", 30, async () => {
    const found = await call(about, "GET", "/elements?text=generated-1&limit=1");
    return found.items[0];
  });
  assert.equal(element.enforcement, false, "it is only observed");

  await goOn("adopt-review");
  await page.getByRole("heading", { level: 1, name: t("adopt-review") }).waitFor();
  await until("its endpoints are seen", 60, async () => {
    const found = await call(about, "GET", `/endpoints?ne=${element.id}&status=new&limit=1`);
    return found.items.length > 0;
  });
  await page.goto(`/adopt/baseline?ne=${element.id}`);
  const accept = page.locator("form.accept");
  await accept.getByLabel(t("column-reason")).fill(REASON);
  await accept.getByRole("button").last().click();
  await until("nobody new is left on it", 30, async () => {
    const left = await call(about, "GET", `/endpoints?ne=${element.id}&status=new&limit=1`);
    return left.items.length === 0;
  });

  await goOn("adopt-observe");
  await page.getByRole("heading", { level: 1, name: t("adopt-observe") }).waitFor();
  await page.goto(`/adopt/enforce/${element.id}`);
  await page.getByRole("button", { name: t("preflight-start") }).click();
  await page.locator("#work table tbody tr").first().waitFor({ timeout: 60_000 });
  const enforce = page.locator(`form[action='/adopt/enforce/${element.id}/switch']`);
  await enforce.getByLabel(t("column-reason")).fill(REASON);
  await enforce.getByRole("button").last().click();
  await until("it is enforced", 20, async () => (await call(about, "GET", `/elements/${element.id}`)).enforcement);
  watch.check();
});

test("every step fits 360 px", async () => {
  const { page, watch } = await visit(browser, { viewport: { width: 360, height: 740 } });
  await signIn(page, "operator");
  for (const step of ["", "/credentials", "/discover", "/review", "/baseline", "/observe", "/enforce"]) {
    await page.goto(`/adopt${step}`);
    await assertNoSidewaysScroll(page);
  }
  watch.check();
});
