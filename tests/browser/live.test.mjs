// Events arrive in the page as they arise.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call } from "./rest.mjs";
import { words } from "./words.mjs";

const t = words("en");

let browser;
let macs;
before(async () => {
  browser = await open();
  const found = await call(about, "GET", "/endpoints?online=true&status=authorised&limit=100");
  // Those at the end of the list: other tests take the first.
  macs = found.items.filter((one) => one.port).slice(-2).map((one) => one.mac);
  assert.equal(macs.length, 2);
});
after(async () => {
  await browser?.close();
  for (const mac of macs ?? []) await call(about, "POST", `/endpoints/${mac}/authorise`, { reason: "the test is over" });
});

test("an event arrives in the open page, and waits while somebody selects", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "revisor");
  await page.goto("/events?kind=unauthorised");
  await page.getByText(t("live-on"), { exact: true }).waitFor();
  await page.evaluate(() => (globalThis.isStillThisPage = true));
  const row = (mac) => page.locator("tbody tr", { hasText: mac });
  const before = await row(macs[0]).count();
  const waiting = await row(macs[1]).count();
  await call(about, "POST", `/endpoints/${macs[0]}/block`, { reason: "so that something happens" });
  await row(macs[0]).nth(before).waitFor({ timeout: 15_000 });
  assert.equal(await page.evaluate(() => globalThis.isStillThisPage), true, "without loading the page anew");
  const first = page.locator("tbody tr").first();
  await first.getByText(macs[0]).waitFor();
  // It is as a row that was there: the time is the reader's, and it leads to its event.
  assert.match(await first.locator("time").getAttribute("title"), /UTC$/);

  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector("tbody tr")));
  await call(about, "POST", `/endpoints/${macs[1]}/block`, { reason: "so that something happens" });
  await page.waitForTimeout(4_000);
  assert.equal(await row(macs[1]).count(), waiting, "rows wait while text is selected");
  await page.evaluate(() => getSelection().removeAllRanges());
  await row(macs[1]).nth(waiting).waitFor({ timeout: 5_000 });
  await row(macs[1]).first().getByRole("link", { name: /^#/ }).click();
  await page.waitForURL("**/events/*");
  await page.getByText(macs[1]).first().waitFor();
  watch.check();
});
