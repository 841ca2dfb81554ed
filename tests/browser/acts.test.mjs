// What people do to ports and to everything at once: the dialog says to whom it happens, asks why, and what was
// done can be undone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call, until } from "./rest.mjs";
import { words } from "./words.mjs";

const t = words("en");
const REASON = "a socket that nobody needs";

let browser;
before(async () => {
  browser = await open();
});
after(async () => {
  await browser?.close();
  await call(about, "POST", "/system/resume", { reason: "the test is over" }).catch(() => {});
});

/** Fills the open dialog in and sends it; the page is then told what was done. */
async function confirm(page, button, done) {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(t("column-reason")).fill(REASON);
  await dialog.getByRole("button", { name: t(button) }).click();
  const notice = page.getByRole("status").filter({ hasText: t(done) });
  await notice.waitFor();
  return notice;
}

test("a port is switched off, held, and given back by undo", async () => {
  const free = await until("there is a free port", 20, async () => {
    const ports = await call(about, "GET", "/ports?role=access&oper_status=down&admin_status=up&limit=50");
    return ports.items.find((port) => port.endpoints === 0 && !port.enforcement && port.pvid );
  });
  const path = `/ports/${free.ne_id}/${encodeURIComponent(free.name)}`;
  const { page, watch } = await visit(browser);
  await signIn(page, "operator", `/elements/${free.ne_id}`);
  await page.locator(".faceplate a").and(page.locator(`[href$="/ports/${encodeURIComponent(free.name)}"]`)).click();
  await page.getByRole("heading", { level: 1 }).getByText(free.name).waitFor();

  await page.getByRole("link", { name: t("act-off"), exact: true }).click();
  await page.getByRole("dialog").getByText(t("affected-none")).waitFor();
  const notice = await confirm(page, "act-off", "done-off");
  await until("the port is off", 30, async () => (await call(about, "GET", path)).enforcement);
  await page.reload();
  await page.locator(".head").getByText(t("state-enforced"), { exact: true }).waitFor();
  await page.getByText(REASON).first().waitFor();

  await notice.getByRole("link", { name: t("undo") }).click();
  await confirm(page, "act-on", "done-on");
  await until("the port is as it was", 30, async () => !(await call(about, "GET", path)).enforcement);
  await page.reload();
  assert.equal(await page.locator(".head").getByText(t("state-enforced"), { exact: true }).count(), 0);
  watch.check();
});

test("all enforcement is stopped, which every page says, and resumed by undo", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "operator", "/system");
  await page.getByRole("main").getByRole("link", { name: t("act-stop"), exact: true }).click();
  const notice = await confirm(page, "act-stop", "done-stop");
  const undo = await notice.getByRole("link", { name: t("undo") }).getAttribute("href");
  for (const path of ["/", "/endpoints", "/rules", "/system"]) {
    await page.goto(path);
    await page.getByText(t("banner-stopped")).waitFor();
  }
  assert.equal((await call(about, "GET", "/system/status")).global_stop, true);
  await page.locator(`main a[href='${undo}']`).first().click();
  await confirm(page, "act-resume", "done-resume");
  await page.goto("/");
  assert.equal(await page.getByText(t("banner-stopped")).count(), 0);
  assert.equal((await call(about, "GET", "/system/status")).global_stop, false);
  watch.check();
});
