// A rule is written in the browser: an error stands at its place while typing, it is mended, rehearsed on what
// has happened, saved, compared and enabled; by mouse, and by keyboard in German.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, assertNoSidewaysScroll, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call, until } from "./rest.mjs";
import { inQuarantine } from "./rogue.mjs";
import { words } from "./words.mjs";

const REASON = "a rule of the tests";

let browser;
before(async () => {
  browser = await open();
  // Something has happened on which a rule can be rehearsed.
  await inQuarantine();
});
after(() => browser?.close());

/** Fills the form in, with a mistake first; the page is then at the saved rule. */
async function write(page, t, name) {
  await page.locator("#rule input[name=name]").fill(name);
  await page.getByRole("checkbox", { name: t("kind-new-endpoint"), exact: true }).check();
  const condition = page.locator("#condition");
  await condition.fill("endpoint.statu == 'new'");
  const checked = page.locator("#checked");
  await checked.locator(".fault").getByText("endpoint.statu").first().waitFor();
  assert.equal(await checked.locator("mark").textContent(), "endpoint.statu", "the mark stands where the error is");
  await condition.fill("endpoint.status == 'new'");
  await checked.locator(".fine").waitFor();
  assert.equal(await checked.locator("mark").count(), 0);

  await page.locator("select[name=kind]").selectOption("quarantine");
  await page.getByRole("button", { name: t("reaction-add") }).click();
  await page.locator("#reactions fieldset.reaction").waitFor();

  await page.locator("button[formaction='/rules/rehearse']").click();
  const rehearsal = page.locator("#rehearsal");
  await rehearsal.locator("tbody tr", { hasText: /([0-9a-f]{2}:){5}/ }).first().waitFor({ timeout: 30_000 });
  assert.equal(await condition.inputValue(), "endpoint.status == 'new'", "what is not saved stays");

  await page.locator("#rule textarea[name=reason]").fill(REASON);
  await page.locator("#rule button.primary").click();
  await page.waitForURL(/\/rules\/\d+(\?.*)?$/);
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

test("a rule is written, mended, rehearsed, saved, changed, compared and enabled", async () => {
  const t = words("en");
  const { page, watch } = await visit(browser);
  // What cannot be saved comes back with its faults, as 422.
  watch.allowed.add(422);
  await signIn(page, "operator", "/rules");
  await page.getByRole("main").locator("a[href='/rules/new']").first().click();
  await write(page, t, "strangers of the tests");
  const id = Number(new URL(page.url()).pathname.split("/").pop());

  await page.goto(`/rules/${id}/edit`);
  await page.locator("#condition").fill("endpoint.status == 'new' && endpoint.port_endpoints == 1");
  await page.locator("#rule textarea[name=reason]").fill(`${REASON}, narrower`);
  await page.locator("#rule button.primary").click();
  await page.waitForURL(/\/rules\/\d+(\?.*)?$/);
  await page.goto(`/rules/${id}/diff?old=1&new=2`);
  await page.getByRole("main").getByText("endpoint.port_endpoints == 1").first().waitFor();

  await page.goto(`/rules/${id}`);
  await page.locator(`a[href='/rules/${id}/enable']`).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(t("column-reason")).fill(REASON);
  await dialog.getByRole("button", { name: t("act-enable") }).click();
  await page.getByRole("status").filter({ hasText: t("done-enable") }).waitFor();
  await until("the rule is enabled", 10, async () => (await call(about, "GET", `/rules/${id}`)).enabled);
  await call(about, "POST", `/rules/${id}/disable`, { reason: "the test is over" });
  watch.check();
});

test("the editor in German at 360 px", async () => {
  const t = words("de");
  const { page, watch } = await visit(browser, { locale: "de-CH", viewport: { width: 360, height: 740 } });
  watch.allowed.add(422);
  await signIn(page, "operator", "/rules/new");
  await assertNoSidewaysScroll(page);
  await write(page, t, "Fremde der Prüfung");
  await assertNoSidewaysScroll(page);
  watch.check();
});

test("without scripts a fault comes back beside its field, and nothing is lost", async () => {
  const t = words("en");
  const { page, watch } = await visit(browser, { javaScriptEnabled: false });
  await signIn(page, "operator", "/rules/new");
  await page.locator("#rule input[name=name]").fill("without scripts");
  await page.getByRole("checkbox", { name: t("kind-new-endpoint"), exact: true }).check();
  await page.locator("#condition").fill("endpoint.statu == 'new'");
  await page.locator("#rule textarea[name=reason]").fill(REASON);
  await page.locator("#rule button.primary").click();
  await page.locator("#fault-condition").getByText("endpoint.statu").waitFor();
  assert.equal(await page.locator("#rule input[name=name]").inputValue(), "without scripts");
  watch.check();
});
