// The platform's plane: opened from the machine itself, signed in to below its name, and left again; the network's
// session in the same browser is another.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { about, assertNoSidewaysScroll, assertNone, open, visit } from "./browser.mjs";
import { PASSWORD, acknowledge, signIn } from "./people.mjs";
import { call } from "./rest.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** Every address on the page that leads somewhere. */
const leads = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], form[action], [formaction], [hx-get], [hx-post]")];
    const names = ["href", "action", "formaction", "hx-get", "hx-post"];
    return all.flatMap((one) => names.map((name) => one.getAttribute(name))).filter((to) => to?.startsWith("/"));
  });

test("root opens the platform, whose admin signs in below its name and keeps its users", async () => {
  const platform = { ...about, below: "/management" };
  const reset = await call(platform, "POST", "/users/admin/reset-password", { reason: "opening the platform" });
  const { context, page, watch } = await visit(browser);
  await page.goto("/management/system");
  assert.equal(new URL(page.url()).pathname, "/management/sign-in");
  await page.getByText("Plane: platform").waitFor();
  await page.getByLabel("User").fill("admin");
  await page.getByLabel("Password").fill(reset.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/management/password");
  await page.getByLabel("Present password").fill(reset.password);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.waitForURL("**/management/system");
  await acknowledge(page);

  // The platform has no elements; whatever is offered stays in the plane.
  const navigation = page.getByRole("navigation");
  assert.deepEqual(await navigation.getByRole("link").allTextContents(), ["Audit", "System"]);
  const found = [];
  const seen = new Set();
  const open = ["/management/system"];
  while (open.length > 0) {
    const path = open.shift();
    const answer = await page.goto(path);
    assert.equal(answer.status(), 200, path);
    for (const to of await leads(page)) {
      assert.match(to, /^\/(management(\/|$)|assets\/)/, `${path} leads to ${to}`);
      const plain = to.split(/[?#]/)[0];
      const isPage = /^\/management\/(system|audit|own)(\/[a-z-]+)?$/.test(plain) && !/live|export/.test(plain);
      if (isPage && !seen.has(plain)) {
        seen.add(plain);
        open.push(plain);
      }
    }
    await page.evaluate(AXE);
    const violations = await page.evaluate(() => globalThis.axe.run().then((ran) => ran.violations));
    for (const one of violations.filter((one) => ["serious", "critical"].includes(one.impact))) {
      found.push(`${path}: ${one.id}: ${one.nodes[0].target}`);
    }
  }
  assertNone(found);
  assert.ok(seen.size >= 8, [...seen].join(" "));

  // A user of the platform is none of the network.
  await page.goto("/management/system/new-account");
  await page.getByLabel("Name", { exact: true }).fill("planes-watcher");
  await page.getByLabel("First password", { exact: false }).first().fill("Only-for-0nce!");
  await page.getByLabel("Monitors").check();
  await page.locator("form.act button.primary, main form button.primary").first().click();
  await page.getByRole("cell", { name: "planes-watcher", exact: true }).waitFor();
  assert.match(page.url(), /\/management\/system\/accounts/);
  const users = await call(about, "GET", "/users?limit=1000");
  assert.ok(!users.items.some((user) => user.name === "planes-watcher"), "the network knows no such user");

  // Both sessions live in one browser; the end of one is not the end of the other.
  await signIn(page, "operator");
  await page.goto("/management/audit");
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto("/management/system");
  await assertNoSidewaysScroll(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator("details.menu summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/management/sign-in");
  await page.goto("/endpoints");
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  const names = (await context.cookies()).map((cookie) => cookie.name);
  assert.ok(names.includes("__Host-netwarden-om") && !names.includes("__Host-netwarden-management"), names.join(" "));
  watch.check();
});
