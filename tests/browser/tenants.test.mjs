// Tenants: the operator makes two and gives each an administrator; each signs in below /tenant and keeps its users
// there, and sees nothing of the other's. Whoever is put on the blocklist is out at the next click.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { assertNoSidewaysScroll, assertNone, open, visit } from "./browser.mjs";
import { PASSWORD, acknowledge, signIn } from "./people.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

const send = (page) => page.locator("form.act button.primary, main form button.primary").first().click();

async function assertAccessible(page) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(() => globalThis.axe.run().then((ran) => ran.violations));
  const serious = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assertNone(serious.map((one) => `${page.url()}: ${one.id}: ${one.nodes[0].target}`));
}

/** Makes a tenant with an administrator, by the pages; the one-time password. */
async function make(page, tenant, user) {
  await page.goto("/system/new-tenant");
  await page.getByLabel("Name", { exact: true }).fill(tenant);
  await page.getByLabel("Reason").fill("the contract is signed");
  await assertAccessible(page);
  await send(page);
  await page.waitForURL("**/system/tenants?done=added");
  const row = page.getByRole("row").filter({ has: page.getByRole("cell", { name: tenant, exact: true }) });
  await page.goto(await row.getByRole("link", { name: "Add administrator" }).getAttribute("href"));
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Reason").fill("named by the customer");
  await send(page);
  await page.getByText("signs in with this password once").waitFor();
  await assertAccessible(page);
  return (await page.locator(".once, code").first().textContent()).trim();
}

/** Signs a tenant's administrator in for the first time. */
async function enter(user, password) {
  const { context, page, watch } = await visit(browser);
  await page.goto("/tenant/system/accounts");
  assert.equal(new URL(page.url()).pathname, "/tenant/sign-in");
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/tenant/password");
  await page.getByLabel("Present password").fill(password);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/tenant/system"));
  await acknowledge(page);
  return { context, page, watch };
}

test("two tenants keep their users and see nothing of each other, and a listed one is out", async () => {
  const operator = await visit(browser);
  await signIn(operator.page, "administrator");
  const password = await make(operator.page, "road-runner", "wile@acme");
  const other = await make(operator.page, "globex", "hank@globex");

  const wile = await enter("wile@acme", password);
  const navigation = wile.page.getByRole("navigation");
  assert.deepEqual(await navigation.getByRole("link").allTextContents(), ["System"]);
  await wile.page.goto("/tenant/system/new-account");
  await wile.page.getByLabel("Name", { exact: true }).fill("bird@acme");
  await wile.page.getByLabel("First password", { exact: false }).first().fill("Only-for-0nce!");
  await wile.page.getByLabel("Basic tenant").check();
  await assertAccessible(wile.page);
  await send(wile.page);
  await wile.page.waitForURL("**/tenant/system/accounts?done=added");
  const names = async (page, path) => {
    await page.goto(path);
    return (await page.locator("tbody tr td:first-of-type").allTextContents()).map((name) => name.trim());
  };
  const accounts = async (page) => {
    await page.goto("/tenant/system/accounts");
    const body = await page.locator("tbody").textContent();
    return ["wile@acme", "bird@acme", "hank@globex"].filter((name) => body.includes(name));
  };
  assert.deepEqual(await accounts(wile.page), ["wile@acme", "bird@acme"]);
  assert.deepEqual(await names(wile.page, "/tenant/system/tenants"), ["road-runner"]);
  assert.equal((await wile.page.goto("/tenant/system/new-tenant")).status(), 403);

  const hank = await enter("hank@globex", other);
  assert.deepEqual(await accounts(hank.page), ["hank@globex"]);
  for (const name of ["bird@acme", "nobody"]) {
    assert.equal((await hank.page.goto(`/tenant/system/accounts/${name}`)).status(), 403, name);
  }
  await hank.page.setViewportSize({ width: 360, height: 740 });
  await hank.page.goto("/tenant/system/accounts");
  await assertNoSidewaysScroll(hank.page);

  // The operator puts one of them on the blocklist.
  await operator.page.goto("/system/blocklist");
  await operator.page.goto(await operator.page.getByRole("link", { name: "New entry" }).getAttribute("href"));
  await operator.page.getByLabel("Kind").selectOption("tenant");
  await operator.page.getByLabel("Who").fill("road-runner");
  await operator.page.getByLabel("Reason").fill("has not paid");
  await assertAccessible(operator.page);
  await send(operator.page);
  await operator.page.getByRole("cell", { name: "road-runner", exact: true }).waitFor();
  await assertAccessible(operator.page);
  await wile.page.goto("/tenant/system/accounts");
  assert.equal(new URL(wile.page.url()).pathname, "/tenant/sign-in");
  assert.deepEqual(await accounts(hank.page), ["hank@globex"], "somebody else goes on");
  const listed = operator.page.getByRole("cell", { name: "road-runner", exact: true });
  const entry = operator.page.getByRole("row").filter({ has: listed });
  await operator.page.goto(await entry.getByRole("link", { name: "Remove" }).getAttribute("href"));
  await operator.page.getByLabel("Reason").fill("has paid");
  await operator.page.getByRole("button", { name: "Remove" }).click();
  await operator.page.waitForURL("**/system/blocklist?done=removed");
  assert.deepEqual(await accounts(wile.page), ["wile@acme", "bird@acme"]);

  for (const one of [operator, wile, hank]) {
    one.watch.check();
    await one.context.close();
  }
});
