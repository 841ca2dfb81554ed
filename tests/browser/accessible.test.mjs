// axe on every page of the console, in both themes; and every page in windows from 360 to 2560 px.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { addresses } from "./addresses.mjs";
import { assertNoSidewaysScroll, assertNone, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GRAVE = ["serious", "critical"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** What axe finds on the page as it is, a line each: against WCAG 2.2 AA whatever it is, else what is grave. */
async function findings(page, where) {
  const found = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), TAGS);
  assert.ok(found.passes.length > 0, `axe has looked at nothing on ${where}`);
  return found.violations
    .filter((one) => GRAVE.includes(one.impact) || one.tags.some((tag) => tag.startsWith("wcag")))
    .flatMap((one) => one.nodes.map((node) => `${where}: ${one.id}: ${node.target} ${node.failureSummary.replaceAll(/\s+/g, " ")}`));
}

/** In both themes, as the system has them; every rule in each. */
async function inBothThemes(page, where) {
  await page.evaluate(AXE);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  const light = await findings(page, `${where} (light)`);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await findings(page, `${where} (dark)`);
  return [...light, ...dark];
}

test("axe finds nothing against WCAG 2.2 AA on any page, in both themes", async () => {
  const { page, watch } = await visit(browser);
  const found = [];
  await page.goto("/sign-in");
  found.push(...(await inBothThemes(page, "/sign-in")));
  await signIn(page, "administrator");
  for (const { path, address } of await addresses()) {
    if (path === "/sign-in") continue;
    const answer = await page.goto(address);
    assert.equal(answer.status(), 200, address);
    found.push(...(await inBothThemes(page, path)));
  }
  const missing = await page.goto("/endpoints/00-00-00-00-00-01");
  assert.equal(missing.status(), 404);
  found.push(...(await inBothThemes(page, "a page that is not there")));
  assertNone(found);
  watch.check();
});

test("axe finds nothing in what opens: search, menu, dialog", async () => {
  const { page, watch } = await visit(browser);
  const found = [];
  await signIn(page, "administrator");
  await page.getByRole("searchbox").fill("acc");
  await page.locator("#found a").first().waitFor();
  found.push(...(await inBothThemes(page, "search")));
  await page.keyboard.press("Escape");
  await page.locator("summary").first().click();
  found.push(...(await inBothThemes(page, "menu")));
  await page.goto("/system");
  await page.locator("main a.danger").first().click();
  await page.getByRole("dialog").waitFor();
  found.push(...(await inBothThemes(page, "dialog")));
  assertNone(found);
  watch.check();
});

/** What can be clicked and not be reached by keyboard, what is reached out of order, and what shows no focus. */
async function unreachable(page, where) {
  return page.evaluate((where) => {
    const faults = [];
    const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
    const NATIVE = "a[href], button, input, select, textarea, summary, label, [tabindex='0'], option, path, canvas";
    for (const node of document.querySelectorAll("[hx-get], [hx-post], [role='button'], [onclick], a, [aria-haspopup]")) {
      const polls = /^(every|load|sse|revealed)/.test(node.getAttribute("hx-trigger") ?? "");
      if (seen(node) && !polls && !node.matches(`${NATIVE}, form`)) faults.push(`${where}: <${node.localName} class="${node.className}"> takes a click and no key`);
    }
    for (const node of document.querySelectorAll("[tabindex]")) {
      if (node.tabIndex > 0) faults.push(`${where}: <${node.localName}> stands out of the order of the page`);
    }
    return faults;
  }, where);
}

test("whatever takes a click takes the keyboard, on every page", async () => {
  const { page, watch } = await visit(browser);
  const faults = [];
  await signIn(page, "administrator");
  for (const { path, address } of await addresses()) {
    if (path === "/sign-in") continue;
    await page.goto(address);
    faults.push(...(await unreachable(page, path)));
    // From the top of the page on, each key press moves the focus to something that shows it.
    const visited = new Set();
    for (let step = 0; step < 25; step += 1) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const node = document.activeElement;
        if (!node || node === document.body) return null;
        const look = getComputedStyle(node);
        // Fields of dates mark the part of theirs that has the focus, which no style tells.
        const hasParts = node.matches("input[type^='date'], input[type='time']");
        const shows = hasParts || look.outlineStyle !== "none" || look.boxShadow !== "none";
        const all = [...document.querySelectorAll("*")];
        return { place: all.indexOf(node), name: `${node.localName} ${node.textContent.trim().slice(0, 30)}`, shows };
      });
      // Behind the last place comes the browser's own, then the first one again.
      if (!at) continue;
      if (!at.shows) faults.push(`${path}: the focus on ${at.name} is not to be seen`);
      visited.add(at.place);
    }
    if (visited.size < 10) faults.push(`${path}: the keyboard comes to ${visited.size} places only`);
  }
  assertNone(faults);
  watch.check();
});

test("themes and languages that were chosen stay, and are whole", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  const choose = async (name) => {
    await page.locator("summary").first().click();
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForLoadState();
  };
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  const light = await ground();
  await choose("Dark");
  const dark = await ground();
  assert.notEqual(dark, light);
  await choose("Deutsch");
  await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
  assert.equal(await ground(), dark, "the theme stays when the language changes");
  await choose("Hell");
  assert.equal(await ground(), light);
  watch.check();
});

test("no page is wider than its window, from 360 to 2560 px", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "administrator");
  const wide = [];
  for (const { address } of await addresses()) {
    await page.goto(address);
    for (const width of [360, 768, 1280, 2560]) {
      await page.setViewportSize({ width, height: 800 });
      await assertNoSidewaysScroll(page).catch((error) => wide.push(error.message));
    }
  }
  assertNone(wide);
  watch.check();
});
