// The first minutes: the one-time password, the change that is asked for, and the way out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, open, visit } from "./browser.mjs";
import { PASSWORD } from "./people.mjs";

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

async function send(page, user, password) {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a stranger signs in with the one-time password, chooses their own, and signs out", async () => {
  const { context, page, watch } = await visit(browser);
  await page.goto("/endpoints?status=new");
  assert.equal(new URL(page.url()).pathname, "/sign-in", "strangers see nothing");

  await send(page, "admin", "not the password");
  await page.getByRole("alert").getByText("wrong").waitFor();
  await send(page, "admin", about.password);
  await page.waitForURL("**/password");
  // Until a password was chosen there is nothing else.
  for (const path of ["/", "/endpoints", "/system"]) {
    await page.goto(path);
    assert.equal(new URL(page.url()).pathname, "/password", `${path} before the change`);
  }
  assert.equal(await page.getByRole("navigation").count(), 0, "nothing is offered before the change");

  const choose = async (old, fresh, again) => {
    await page.getByLabel("Present password").fill(old);
    await page.getByLabel("New password", { exact: true }).fill(fresh);
    await page.getByLabel("New password again").fill(again);
    await page.getByRole("button", { name: "Change password" }).click();
  };
  await choose(about.password, PASSWORD, `${PASSWORD}!`);
  await page.locator("#fault-again").getByText("differ").waitFor();
  await choose(about.password, PASSWORD, PASSWORD);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByRole("status").getByText("password was changed").waitFor();

  const cookie = (await context.cookies()).find((one) => one.name === "__Host-netwarden-om");
  assert.ok(cookie.secure && cookie.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts see no session");

  await page.getByText("admin", { exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  await page.goBack();
  assert.equal(new URL(page.url()).pathname, "/sign-in", "nothing is left behind in the browser");
  // The session has ended at the server, not only in the browser.
  await context.addCookies([cookie]);
  await page.goto("/endpoints");
  assert.equal(new URL(page.url()).pathname, "/sign-in");

  // The one-time password was for once; the new one leads to where one wanted to go.
  await send(page, "admin", about.password);
  await page.getByRole("alert").waitFor();
  await send(page, "admin", PASSWORD);
  await page.waitForURL("**/endpoints");
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  watch.check();
});
