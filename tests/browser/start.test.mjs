// The start page: charts of one's own, and the way from a bar to its events; and forms that say what was not taken
// at its field.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call } from "./rest.mjs";
import { words } from "./words.mjs";

const t = words("en");

let browser;
before(async () => {
  await call(about, "PUT", "/system/parameters/statistics.interval_s", { value: "10", reason: "a test is short" });
  browser = await open();
});
after(() => browser?.close());

/** Opens what is folded, and chooses exactly these. */
async function choose(page, wanted) {
  await page.getByText(t("charts-choose"), { exact: true }).click();
  for (const box of await page.locator("input[name=chart]").all()) {
    await box.setChecked(wanted.includes(await box.getAttribute("value")));
  }
  await page.locator("form[action='/charts'] button").click();
  await page.getByText(t("done-charts")).waitFor();
}

test("charts are the user's own, in whichever browser", async () => {
  const one = await visit(browser);
  await signIn(one.page, "helpdesk");
  assert.equal(await one.page.locator("figure").count(), 2);
  await choose(one.page, ["endpoints.online", "events.new_endpoint", "events.mac_online"]);
  assert.equal(await one.page.locator("figure").count(), 3);

  const other = await visit(browser);
  await signIn(other.page, "helpdesk");
  assert.equal(await other.page.locator("figure").count(), 3, "the same user elsewhere");
  await other.context.clearCookies();
  await signIn(other.page, "revisor");
  assert.equal(await other.page.locator("figure").count(), 2, "another user in the same browser");
  one.watch.check();
  other.watch.check();
});

test("a bar tells its time in the reader's zone and leads to its events", async () => {
  const { page, watch } = await visit(browser, { timezoneId: "Asia/Kolkata" });
  await signIn(page, "revisor");
  // Which of the charts has a bar is the network's affair.
  const figure = page.locator("figure").filter({ has: page.locator("svg a") }).first();
  const bar = figure.locator("svg a").first();
  for (let tries = 0; (await bar.count()) === 0; tries += 1) {
    assert.ok(tries < 60, "no bar has come");
    await page.waitForTimeout(2_000);
    await page.reload();
  }
  const { from } = await bar.locator(".bar-of").evaluate((shape) => ({ ...shape.dataset }));
  const local = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "Asia/Kolkata" }).format(new Date(from));
  const told = await bar.locator("title").textContent();
  assert.ok(told.startsWith(local) && told.includes("UTC"), `${told} does not begin with ${local}`);
  const href = await bar.getAttribute("href");
  // The bar may be low: all of its column leads there.
  await bar.locator(".hit").click({ position: { x: 2, y: 2 } });
  await page.waitForURL("**/events?*");
  assert.equal(new URL(page.url()).searchParams.get("kind"), new URLSearchParams(href.split("?")[1]).get("kind"));
  await page.locator("#list tbody tr").first().waitFor();
  // The same without a pointer.
  await page.goto("/");
  await figure.locator("summary").focus();
  await page.keyboard.press("Enter");
  await figure.locator("details a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/events?*");
  watch.check();
});

test("what was not taken is told at its field, which has the focus", async () => {
  const { page, watch } = await visit(browser);
  watch.allowed.add(409);
  await call(about, "POST", "/groups", { reason: "a test", name: "taken", description: "" });
  await signIn(page, "administrator");
  await page.goto("/system/new-group");
  await page.fill("main input[name=name]", "taken");
  await page.fill("main input[name=description]", "of the other kind");
  await page.fill("main textarea[name=reason]", "a test");
  await page.locator("main button.primary").click();
  const field = page.locator("main input[name=name][aria-invalid=true]");
  await field.waitFor();
  assert.equal(await field.evaluate((one) => one === document.activeElement), true, "it has the focus");
  const described = await field.getAttribute("aria-describedby");
  assert.match(await page.locator(`#${described.split(" ")[0]}`).textContent(), /taken/);
  assert.equal(await page.inputValue("main input[name=description]"), "of the other kind");
  assert.equal(await page.inputValue("main textarea[name=reason]"), "a test");
  watch.check();
});

test("many ports are picked and acted on by keyboard", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "operator");
  await page.goto("/ports?role=access&oper_status=up");
  await page.locator("#list tbody tr").first().waitFor();
  await page.locator("h1").click();
  await page.keyboard.press("j");
  await page.keyboard.press("Space");
  await page.keyboard.press("j");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#list input[form=picked]:checked").count(), 2);
  await page.locator("#picked button", { hasText: t("act-off") }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Switch 2 ports off").waitFor();
  await page.keyboard.press("Escape");
  watch.check();
});
