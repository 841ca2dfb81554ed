// Helpdesk's day: "this device cannot get on". It is found by search, its page says why, it is authorised,
// and its port comes back; by mouse, by keyboard alone, in German on a telephone, and without scripts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertNoSidewaysScroll, assertNone, open, visit } from "./browser.mjs";
import { PASSWORD, make, signIn } from "./people.mjs";
import { until } from "./rest.mjs";
import { QUARANTINE, inQuarantine, isBack } from "./rogue.mjs";
import { words } from "./words.mjs";

const REASON = "Anna's measuring computer, ticket 4711";

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** Its page says where it is, what it is, and what led to it, newest first. */
async function readWhy(page, rogue, t) {
  await page.getByRole("heading", { level: 1 }).getByText(rogue.mac).waitFor();
  await page.getByRole("link", { name: rogue.place }).first().waitFor();
  const why = page.getByRole("region", { name: t("why"), exact: true });
  const stages = await why.locator("li").locator("strong").allTextContents();
  for (const stage of ["stage-read-back", "stage-request"]) {
    assert.ok(stages.some((found) => found.includes(t(stage))), `${t(stage)} is not among ${stages.join(", ")}`);
  }
  const times = await why.locator("li time").evaluateAll((all) => all.map((time) => time.dateTime));
  assert.ok(times.length >= 3, `only ${times.length} links of the chain`);
  assert.deepEqual(times, [...times].sort().reverse(), "newest first");
}

/** Every link of the chain leads to something that its reader may see, or is none. */
async function followChain(page, t) {
  const links = page.getByRole("region", { name: t("why"), exact: true }).locator("li a");
  const faults = [];
  for (const href of await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))) {
    const status = await page.evaluate(async (at) => (await fetch(at)).status, href);
    if (status !== 200) faults.push(`${href} answers ${status}`);
  }
  assertNone(faults);
}

/** The port's page, when the device has its old VLAN back. */
async function seePortBack(page, rogue, t) {
  await isBack(rogue);
  await page.getByRole("link", { name: rogue.place }).first().click();
  await page.getByRole("heading", { level: 1 }).getByText(rogue.place).waitFor();
  // Its link comes back in the element's own time, is read at the next inventory, and shows at the next look.
  const up = page.locator(".head").getByText(t("state-up"), { exact: true });
  await until(`${rogue.place} has link again`, 60, async () => (await up.count()) > 0 || void (await page.reload()));
  assert.equal(await page.locator(".head").getByText(t("state-enforced"), { exact: true }).count(), 0);
}

test("the rogue is found, understood and authorised with two clicks and a reason", async () => {
  const t = words("en");
  const rogue = await inQuarantine();
  const { page, watch } = await visit(browser);
  await signIn(page, "helpdesk");
  await page.getByRole("searchbox").fill(rogue.mac.slice(-8));
  await page.locator("#found").getByRole("link", { name: rogue.mac }).click();
  await readWhy(page, rogue, t);
  await followChain(page, t);

  await page.getByRole("link", { name: t("act-authorise") }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("heading").getByText(rogue.mac).waitFor();
  await dialog.getByRole("button", { name: t("act-authorise") }).click();
  assert.ok(await dialog.isVisible(), "without a reason nothing is sent");
  await dialog.getByLabel(t("column-reason")).fill(REASON);
  await dialog.getByRole("button", { name: t("act-authorise") }).click();
  const notice = page.getByRole("status").filter({ hasText: t("done-authorise") });
  await notice.waitFor();
  await notice.getByRole("link", { name: t("undo") }).waitFor();
  await page.locator(".head").getByText(t("status-authorised"), { exact: true }).waitFor();
  await seePortBack(page, rogue, t);
  // The switch's own values follow with its next inventory.
  await until("the port shows its own PVID", 45, async () => {
    await page.reload();
    const pvid = page.locator("dt", { hasText: t("property-pvid") }).locator("xpath=following-sibling::dd[1]");
    return (await pvid.textContent()).trim() !== `${QUARANTINE}`;
  });
  await page.goto(`/endpoints/${rogue.mac}`);
  await page.getByRole("region", { name: t("why"), exact: true }).getByText(REASON).first().waitFor();
  watch.check();
});

test("the same by keyboard alone, with the focus always to be seen", async () => {
  const t = words("en");
  const rogue = await inQuarantine();
  const { page, watch } = await visit(browser);
  const key = (name) => page.keyboard.press(name);
  const focus = () =>
    page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        text: (element.textContent || element.name || "").trim(),
        shown: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
        inside: box.bottom > 0 && box.top < innerHeight,
        element: `${element.localName} ${element.name ?? ""}`.trim(),
      };
    });
  /** Tab until the focus is on what says `text`. */
  const tabTo = async (text) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await key("Tab");
      const now = await focus();
      if (now.element !== "body") {
        assert.ok(now.shown, `the focus is not to be seen on ${now.element} "${now.text}" of ${page.url()}`);
        assert.ok(now.inside, `the focus is out of sight on ${now.element} "${now.text}"`);
      }
      if (now.text === text) return;
    }
    assert.fail(`the Tab key does not reach "${text}" of ${page.url()}`);
  };

  await make("helpdesk");
  await page.goto("/");
  await page.keyboard.type("helpdesk");
  await key("Tab");
  await page.keyboard.type(PASSWORD);
  await key("Enter");
  await page.getByRole("heading", { level: 1, name: t("nav-overview") }).waitFor();
  await key("/");
  await page.keyboard.type(rogue.mac);
  await page.locator("#found").getByRole("link", { name: rogue.mac }).waitFor();
  await key("ArrowDown");
  await key("Enter");
  await page.waitForURL("**/endpoints/**");
  await readWhy(page, rogue, t);

  // The skip link goes past the navigation.
  await key("Tab");
  assert.equal((await focus()).text, t("skip"));
  await key("Enter");
  await tabTo(t("act-authorise"));
  await key("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await key("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal((await focus()).text, t("act-authorise"), "the focus goes back to where it was");
  await key("Enter");
  await dialog.getByLabel(t("column-reason")).waitFor();
  assert.equal((await focus()).element, "textarea reason", "the focus begins at the reason");
  await page.keyboard.type(REASON);
  await tabTo(t("act-authorise"));
  await key("Enter");
  await page.getByRole("status").filter({ hasText: t("done-authorise") }).waitFor();
  await isBack(rogue);

  // Lists: j and k go through the rows, Enter opens one.
  await page.goto("/endpoints");
  await page.getByRole("heading", { level: 1, name: t("nav-endpoints") }).waitFor();
  await key("j");
  await key("j");
  await key("k");
  const first = await page.locator("tbody tr").first().getByRole("link").first().textContent();
  assert.equal((await focus()).text, first);
  await key("Enter");
  await page.waitForURL("**/endpoints/**");
  watch.check();
});

test("the same in German on a telephone", async () => {
  const t = words("de");
  const rogue = await inQuarantine();
  const phone = { locale: "de-CH", viewport: { width: 360, height: 740 }, hasTouch: true };
  const { page, watch } = await visit(browser, phone);
  await signIn(page, "helpdesk");
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await assertNoSidewaysScroll(page);
  await page.getByRole("searchbox").fill(rogue.mac.slice(-8));
  await page.locator("#found").getByRole("link", { name: rogue.mac }).waitFor();
  await assertNoSidewaysScroll(page);
  await page.locator("#found").getByRole("link", { name: rogue.mac }).tap();
  await readWhy(page, rogue, t);
  // Somebody has put it there now, not only a rule.
  await followChain(page, t);
  await assertNoSidewaysScroll(page);
  await page.getByRole("link", { name: t("act-authorise") }).tap();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(t("column-reason")).fill(REASON);
  const box = await dialog.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360, `the dialog lies at ${JSON.stringify(box)}`);
  await dialog.getByRole("button", { name: t("act-authorise") }).tap();
  await page.getByRole("status").filter({ hasText: t("done-authorise") }).waitFor();
  await seePortBack(page, rogue, t);
  await assertNoSidewaysScroll(page);
  watch.check();
});

test("without scripts everything can be read, and forms work", async () => {
  const t = words("en");
  const rogue = await inQuarantine();
  const { page, watch } = await visit(browser, { javaScriptEnabled: false });
  await signIn(page, "operator");
  await page.getByRole("searchbox").fill(rogue.mac);
  await page.getByRole("searchbox").press("Enter");
  await page.getByRole("main").getByRole("link", { name: rogue.mac }).click();
  await readWhy(page, rogue, t);
  await page.getByRole("link", { name: rogue.place }).first().click();
  await page.getByRole("heading", { level: 1 }).getByText(rogue.place).waitFor();
  for (const entry of ["nav-endpoints", "nav-elements", "nav-events", "nav-rules", "nav-audit", "nav-system"]) {
    await page.getByRole("navigation", { name: t("navigation") }).getByRole("link", { name: t(entry) }).click();
    await page.getByRole("heading", { level: 1, name: t(entry) }).waitFor();
    assert.ok((await page.getByRole("main").locator("tbody tr").count()) > 0, `${t(entry)} shows rows`);
  }
  await page.goto("/endpoints");
  await page.locator("select[name=status]").selectOption("unauthorised");
  await page.getByRole("button", { name: t("filter-apply") }).click();
  await page.getByRole("link", { name: `${t("column-status")}: ${t("status-unauthorised")}` }).waitFor();
  // A dialog is a page of its own.
  await page.goto(`/endpoints/${rogue.mac}`);
  await page.getByRole("link", { name: t("act-authorise") }).click();
  await page.getByLabel(t("column-reason")).fill(REASON);
  await page.getByRole("button", { name: t("act-authorise") }).click();
  await page.getByRole("status").filter({ hasText: t("done-authorise") }).waitFor();
  await isBack(rogue);
  watch.check();
});
