// Passkeys with Chromium's own authenticator (Web Authentication, section 11): made, asked for at the next sign-in,
// refused where they belong to nobody here, and taken away.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, assertNoSidewaysScroll, open, visit } from "./browser.mjs";
import { PASSWORD, signIn } from "./people.mjs";
import { call } from "./rest.mjs";

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** Gives the page an authenticator that knows its owner, and tells how it is spoken to. */
async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const send = (verb, about = {}) => session.send(`WebAuthn.${verb}`, { authenticatorId, ...about });
  return {
    credentials: async () => (await send("getCredentials")).credentials,
    clear: () => send("clearCredentials"),
    add: (credential) => send("addCredential", { credential }),
    knowsOwner: (isUserVerified) => send("setUserVerified", { isUserVerified }),
  };
}

/** Signs in as far as the password goes. */
async function passes(page, to) {
  await page.goto(`/sign-in?to=${encodeURIComponent(to)}`);
  await page.fill("input[name=user]", "revisor");
  await page.fill("input[name=password]", PASSWORD);
  await page.press("input[name=password]", "Enter");
  await page.waitForURL("**/prove?*");
}

// proves: IAM-10
test("a passkey is made, and is asked for at the next sign-in", async () => {
  const { context, page, watch } = await visit(browser);
  watch.allowed.add(422);
  await signIn(page, "revisor", "/own/factors");
  const device = await authenticator(page);
  await page.getByRole("link", { name: "New passkey" }).click();
  await page.getByLabel("Label").fill("laptop");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("the password is not right").waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Next" }).click();
  const make = page.getByRole("button", { name: "Make the passkey" });
  await make.waitFor();
  await assertNoSidewaysScroll(page);
  await make.press("Enter");
  const row = page.getByRole("row", { name: /laptop/ });
  await row.getByRole("cell", { name: "passkey", exact: true }).waitFor();
  await row.getByRole("cell", { name: "in use" }).waitFor();
  const [key] = await device.credentials();
  assert.equal(key.rpId, "localhost");

  // Another browser, with the same authenticator: the password alone opens nothing.
  const later = await visit(browser);
  later.watch.allowed.add(422);
  const carried = await authenticator(later.page);
  await passes(later.page, "/endpoints");
  await later.page.goto("/elements");
  assert.equal(new URL(later.page.url()).pathname, "/prove");
  assert.equal(await later.page.getByLabel("Code", { exact: true }).count(), 0, "there is no app to ask for a code");
  const use = later.page.getByRole("button", { name: "Use a passkey" });

  // One that does not know its owner is no second factor: the browser says so, and the page says what to do.
  await carried.add(key);
  await carried.knowsOwner(false);
  await use.click();
  await later.page.getByRole("alert").waitFor();
  assert.equal(new URL(later.page.url()).pathname, "/prove");

  // The key as it was copied, to another account's handle: its signature is nobody's here.
  await carried.knowsOwner(true);
  await later.page.goto("/prove?to=%2Fendpoints");
  await use.press("Enter");
  await later.page.waitForURL("**/endpoints");
  await later.page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();

  // A copy of it signs with a count that was seen already, and is refused.
  const [used] = await carried.credentials();
  const copy = await visit(browser);
  copy.watch.allowed.add(422);
  const copied = await authenticator(copy.page);
  await passes(copy.page, "/endpoints");
  await copied.add({ ...used, signCount: 0 });
  await copy.page.getByRole("button", { name: "Use a passkey" }).click();
  await copy.page.getByText("the passkey was not taken").waitFor();
  assert.equal(new URL(copy.page.url()).pathname, "/prove");

  await call(about, "DELETE", "/users/revisor/factors?reason=lost");
  await signIn(later.page, "revisor", "/endpoints");
  assert.equal(new URL(later.page.url()).pathname, "/endpoints");
  for (const one of [watch, later.watch, copy.watch]) one.check();
  for (const one of [context, later.context, copy.context]) await one.close();
});

// proves: IAM-10
test("who looks under another name is told which one passkeys are bound to", async () => {
  const elsewhere = about.origin.replace("localhost", "127.0.0.1");
  const { context, page } = await visit(browser, { baseURL: elsewhere });
  await signIn(page, "revisor", "/own/factors/passkey");
  await page.getByLabel("Label").fill("laptop");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.getByRole("alert").getByText("localhost").waitFor();
  await context.close();
});
