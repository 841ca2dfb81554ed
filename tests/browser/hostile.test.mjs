// Hostile names are shown harmlessly: nothing runs, nothing is torn, and files do not calculate.

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { addresses } from "./addresses.mjs";
import { about, assertNoSidewaysScroll, assertNone, open, visit } from "./browser.mjs";
import { plant, plantSwitch, texts } from "./hostile.mjs";
import { signIn } from "./people.mjs";
import { call } from "./rest.mjs";
import * as simulator from "./simulator.mjs";

let browser;
let planted;
before(async () => {
  browser = await open();
  planted = await plant();
});
after(async () => {
  await browser?.close();
  for (const { id, name } of planted?.elements ?? []) {
    await call(about, "PATCH", `/elements/${id}`, { reason: "over", name, region: "" });
  }
});

const LISTS = ["/", "/endpoints", "/elements", "/events", "/rules", "/audit", "/system"];

test("hostile names run nothing and tear no page, at 1280 and 360 px", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  const torn = [];
  const declared = (await addresses()).map(({ address }) => address);
  for (const address of new Set([...LISTS, ...planted.looks, ...declared])) {
    await page.setViewportSize({ width: 1280, height: 800 });
    const answer = await page.goto(address);
    assert.equal(answer.status(), 200, address);
    await assertNoSidewaysScroll(page).catch((error) => torn.push(error.message));
    await page.setViewportSize({ width: 360, height: 800 });
    await assertNoSidewaysScroll(page).catch((error) => torn.push(error.message));
    // What was written stands there as text, and as nothing else.
    const strange = await page.evaluate(() => document.querySelectorAll("main script, main img, main [onmouseover], main [onfocus]").length);
    if (strange > 0) torn.push(`${address} has markup of others`);
  }
  assertNone(torn);
  watch.check();
});

test("hostile names stand on the page as they were written, and the search finds them", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  for (const [n, text] of texts(255).entries()) {
    await page.goto(`/elements/${planted.elements[n].id}`);
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), text);
    assert.ok((await page.title()).startsWith(text.trim().slice(0, 20)), await page.title());
    await page.getByRole("searchbox").fill(text.slice(0, 40));
    await page.locator("#found").getByRole("link").first().waitFor();
    await assertNoSidewaysScroll(page);
  }
  watch.check();
});

test("a switch whose interfaces are called so is shown harmlessly", async (t) => {
  if (!simulator.isThere) return t.skip("there is no NETWARDEN_SIM");
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  const device = await plantSwitch(join(tmpdir(), `netwarden-hostile-${process.pid}.snmprec`));
  const torn = [];
  try {
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      for (const address of device.looks) {
        const answer = await page.goto(address);
        if (answer.status() !== 200) torn.push(`${address} answers ${answer.status()}`);
        await assertNoSidewaysScroll(page).catch((error) => torn.push(error.message));
      }
    }
  } finally {
    await call(about, "DELETE", `/elements/${device.element.id}?reason=over`);
    device.stop();
  }
  assertNone(torn);
  watch.check();
});

test("text that turns around does not turn what stands beside it", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  // A name that turns must be isolated: by an element of its own, or by the marks U+2068 and U+2069.
  const turned = () =>
    page.evaluate(() => {
      const faults = [];
      const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        if (!walker.currentNode.data.includes("\u202egnp.exe")) continue;
        let holder = walker.currentNode.parentElement;
        while (!getComputedStyle(holder).unicodeBidi.includes("isolate")) holder = holder.parentElement;
        const behind = holder.textContent.split("\u202egnp.exe").slice(1).join("").trim();
        if (/[\p{L}\p{N}]/u.test(behind) && !behind.startsWith("\u2069")) faults.push(`${holder.localName} "${behind.slice(0, 60)}"`);
      }
      return faults;
    });
  const found = [];
  for (const address of ["/elements", "/endpoints", "/rules", "/audit", ...planted.looks]) {
    await page.goto(address);
    found.push(...(await turned()).map((fault) => `${address}: stands turned behind a name: ${fault}`));
  }
  assertNone(found);
  watch.check();
});

test("files of what is shown do not calculate", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  for (const file of ["/elements.csv", "/endpoints.csv"]) {
    const text = await page.evaluate(async (at) => (await fetch(at)).text(), file);
    const calculating = text.split("\n").filter((line) => /(^|,)"?[=+@\t\r-](?![\d,]|"?,)/.test(line));
    assert.deepEqual(calculating, [], file);
    assert.ok(text.split("\n").length > 5, file);
  }
  watch.check();
});
