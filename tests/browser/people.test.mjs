// What users are told after a login, who is online, and how somebody is expelled; a role that is made, given, and
// holds in the session that is open.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { about, open, visit } from "./browser.mjs";
import { PASSWORD, make, signIn } from "./people.mjs";
import { Refused, call } from "./rest.mjs";

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** A login that fails, on the local socket. */
async function fail(user) {
  await assert.rejects(call(about, "POST", "/sessions", { user, password: "not the password" }), Refused);
}

test("the notice after a login stays on every page until it was read, by the keyboard too", async () => {
  await make("helpdesk");
  await call(about, "PATCH", "/users/helpdesk", { reason: "a test", attributes: { welcome: "Mind the gap" } });
  await fail("helpdesk");
  const { context, page, watch } = await visit(browser);
  await page.goto("/sign-in?to=%2Fendpoints");
  await page.getByLabel("User").fill("helpdesk");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/endpoints");
  const notice = page.getByRole("form", { name: "Since your last sign-in" });
  await notice.getByText("Mind the gap").waitFor();
  await notice.getByText("1 failed attempt since").waitFor();
  await page.goto("/events");
  await notice.getByText(/Last failed attempt.*from the local socket/).waitFor();
  const button = notice.getByRole("button", { name: "I have read it" });
  await button.focus();
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  assert.equal(new URL(page.url()).pathname, "/events", "one stays where one was");
  assert.equal(await notice.count(), 0);
  await page.goto("/own/logins");
  await page.getByRole("cell", { name: "wrong password" }).first().waitFor();
  await call(about, "PATCH", "/users/helpdesk", { reason: "a test", attributes: { clear: ["welcome"] } });
  watch.check();
  await context.close();
});

test("a role that is given holds in the session that is open, and an expelled user is out", async () => {
  const theirs = await visit(browser);
  await signIn(theirs.page, "helpdesk", "/endpoints");
  const nav = theirs.page.getByRole("navigation");
  assert.equal(await nav.getByRole("link", { name: "Rules" }).count(), 0);

  const { context, page, watch } = await visit(browser);
  await signIn(page, "administrator", "/system/new-role");
  await page.getByLabel("Name", { exact: true }).fill("reads-rules");
  await page.getByLabel("rule.read", { exact: true }).check();
  await page.getByLabel("Reason").fill("a test");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("cell", { name: "reads-rules", exact: true }).waitFor();
  await page.goto("/system/accounts/helpdesk");
  await page.getByLabel("reads-rules").check();
  await page.getByLabel("Reason").fill("a test");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/system/accounts?done=changed");
  await theirs.page.reload();
  await nav.getByRole("link", { name: "Rules" }).click();
  await theirs.page.getByRole("heading", { level: 1, name: "Rules" }).waitFor();
  await page.goto("/system/account-rights?account=helpdesk&text=rule.read");
  await page.getByRole("cell", { name: "reads-rules", exact: true }).waitFor();

  await page.goto("/system/sessions?text=helpdesk");
  await page.getByRole("row", { name: /rule\.read/ }).getByRole("link", { name: /Expel/ }).click();
  await page.getByLabel("Reason").fill("a test");
  await page.getByRole("dialog").or(page.locator("main")).getByRole("button", { name: "Expel" }).first().click();
  await page.getByText("The session was ended.").waitFor();
  await theirs.page.goto("/endpoints");
  assert.equal(new URL(theirs.page.url()).pathname, "/sign-in");
  await call(about, "PATCH", "/users/helpdesk", { reason: "a test", roles: ["helpdesk"] });
  watch.check();
  theirs.watch.check();
  await context.close();
  await theirs.context.close();
});

/** The code of this moment, by the OATH Toolkit. */
function code(secret) {
  return execFileSync("oathtool", ["--totp", "--base32", secret], { encoding: "utf8" }).trim();
}

/** Waits until the code is another one: each is taken once. */
async function nextCode(secret, last) {
  for (;;) {
    const now = code(secret);
    if (now !== last) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

test("a second factor is set up, asked for at the next sign-in, and before what is dangerous", async () => {
  await make("revisor");
  const { context, page, watch } = await visit(browser);
  await signIn(page, "revisor", "/own/factors");
  await page.getByText("You have no second factor").waitFor();
  await page.getByRole("link", { name: "New codes of an app" }).click();
  await page.getByLabel("Label").fill("phone");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("the password is not right").waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Next" }).click();
  const picture = page.getByRole("img", { name: "QR code with the secret" });
  const { width, height } = await picture.boundingBox();
  assert.ok(width >= 200 && Math.abs(width - height) < 2, `the picture is ${width} by ${height}`);
  const secret = (await page.locator("form.act code").textContent()).trim();
  const first = code(secret);
  await page.getByLabel("Code", { exact: true }).fill(first);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("cell", { name: "in use" }).waitFor();

  // Another browser: the password alone opens nothing, a used code neither.
  const later = await visit(browser);
  await later.page.goto("/sign-in?to=%2Fendpoints");
  await later.page.fill("input[name=user]", "revisor");
  await later.page.fill("input[name=password]", PASSWORD);
  await later.page.press("input[name=password]", "Enter");
  await later.page.waitForURL("**/prove?to=%2Fendpoints");
  assert.equal(await later.page.getByRole("link", { name: "Endpoints" }).count(), 0);
  await later.page.goto("/elements");
  assert.equal(new URL(later.page.url()).pathname, "/prove");
  await later.page.goto("/prove?to=%2Fendpoints");
  await later.page.getByLabel("Code", { exact: true }).fill(first);
  await later.page.keyboard.press("Enter");
  await later.page.getByText("the code is not right, was used already").waitFor();
  await later.page.getByLabel("Code", { exact: true }).fill(await nextCode(secret, first));
  await later.page.keyboard.press("Enter");
  await later.page.waitForURL("**/endpoints");

  // Who keeps the accounts takes it away; both sessions end, and the password is enough again.
  await call(about, "DELETE", "/users/revisor/factors?reason=lost");
  await page.goto("/endpoints");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await signIn(page, "revisor", "/endpoints");
  assert.equal(new URL(page.url()).pathname, "/endpoints");
  watch.check();
  later.watch.check();
  await later.context.close();
  await context.close();
});
