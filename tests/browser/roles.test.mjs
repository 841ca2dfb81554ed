// Every page as each of the four roles: what is not permitted is neither shown nor answered.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { addresses, addressing } from "./addresses.mjs";
import { assertNone, open, pages, visit } from "./browser.mjs";
import { ROLES, signIn } from "./people.mjs";

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

const patterns = pages
  .map((page) => ({ ...page, shape: new RegExp(`^${page.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`) }))
  // Of two that fit, the one that says more is meant.
  .sort((a, b) => a.path.split("{").length - b.path.split("{").length);

/** The page of the console at an address. */
function meant(method, path) {
  return patterns.find((page) => page.method === method && page.shape.test(path));
}

/** Those to whom nothing of the console is closed. */
const ALLOWED_ALL = ["administrator", "operator"];

/** All that a page offers: links, forms, and what scripts fetch. */
function offers(page) {
  return page.evaluate(() => {
    const found = [];
    const add = (method, at) => {
      const url = new URL(at, location.href);
      if (url.origin === location.origin) found.push(`${method} ${url.pathname}`);
    };
    for (const link of document.querySelectorAll("a[href]:not([href^='#'])")) add("get", link.getAttribute("href"));
    for (const form of document.querySelectorAll("form")) add(form.method, form.action);
    for (const part of document.querySelectorAll("[hx-get]")) add("get", part.getAttribute("hx-get"));
    for (const part of document.querySelectorAll("[hx-post]")) add("post", part.getAttribute("hx-post"));
    return [...new Set(found)];
  });
}

for (const role of ROLES) {
  test(`${role}: pages that are permitted offer nothing that is not, and others say nothing`, async () => {
    const { page, watch } = await visit(browser);
    await signIn(page, role);
    const all = await addresses();
    const faults = [];
    let [shown, refused] = [0, 0];
    for (const { path, address, roles } of all) {
      const answer = await page.goto(address);
      if (roles && !roles.includes(role)) {
        refused += 1;
        if (answer.status() !== 403) faults.push(`${path} answers ${answer.status()}`);
        const text = await page.getByRole("main").textContent();
        if (/acc-|sw-|([0-9a-f]{2}:){5}/.test(text)) faults.push(`${path} is refused and tells ${text}`);
      } else {
        shown += 1;
        // A record of the trail is only for those whose part of it holds it.
        const isElsewhere = path === "/audit/{index}" && answer.status() === 404;
        // A job is shown to those who may do what it does.
        const isOthers = path === "/jobs/{job}" && answer.status() === 403;
        if (answer.status() !== 200 && !isElsewhere && !isOthers) faults.push(`${path} answers ${answer.status()}`);
      }
      for (const offer of await offers(page)) {
        const [method, at] = offer.split(" ");
        const target = meant(method, at);
        if (!target) faults.push(`${path} offers ${offer}, which is no page`);
        else if (target.roles && !target.roles.includes(role)) faults.push(`${path} offers ${offer}`);
      }
    }
    assertNone(faults);
    assert.ok(shown > 10 && (refused > 0 || ALLOWED_ALL.includes(role)), `${shown} shown, ${refused} refused`);
    watch.check();
  });

  test(`${role}: acts that are not permitted are not done, however they are asked for`, async () => {
    const { page, watch } = await visit(browser);
    watch.allowed.add(403);
    await signIn(page, role);
    const address = await addressing();
    const forbidden = pages.filter((one) => one.method === "post" && one.roles && !one.roles.includes(role));
    for (const { path } of forbidden) {
      const status = await page.evaluate(async (at) => {
        const proof = document.querySelector("input[name=proof]").value;
        const body = new URLSearchParams({ proof, reason: "a test" });
        return (await fetch(at, { method: "POST", body, redirect: "manual" })).status;
      }, address(path));
      assert.equal(status, 403, `${path} as ${role}`);
    }
    assert.ok(forbidden.length > 0 || ALLOWED_ALL.includes(role));
    watch.check();
  });
}
