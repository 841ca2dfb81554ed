// The map: drawn, searched, opened, as a table where nothing can be drawn.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { about, assertNoSidewaysScroll, open, visit } from "./browser.mjs";
import { signIn } from "./people.mjs";
import { call } from "./rest.mjs";
import { words } from "./words.mjs";

const t = words("en");

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** How many of the points of the drawing have a colour of their own. */
function drawn(page) {
  return page.locator(".map-picture canvas, .map-picture svg").first().evaluate((picture) => {
    if (picture.localName === "svg") return picture.querySelectorAll("path, circle, text").length;
    const { data } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    let points = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 0) points += 1;
    return points;
  });
}

test("the network is drawn, found in by name, and opened", async () => {
  const { page, watch } = await visit(browser);
  await signIn(page, "revisor", "/topology");
  await page.locator(".map-picture canvas, .map-picture svg").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".map-picture").clientHeight > 200);
  assert.ok((await drawn(page)) > 100, "something is drawn");
  await page.locator("#map-search input").fill("acc-a2");
  const hit = page.locator("#map-search .found").getByText("acc-a2").first();
  await hit.waitFor();
  await hit.click();
  const [element] = (await call(about, "GET", "/elements?text=acc-a2&limit=1")).items;
  await page.goto("/topology");
  await page.locator("#list").getByRole("link", { name: "acc-a2" }).first().click();
  await page.waitForURL(`**/elements/${element.id}`);
  watch.check();
});

test("the map fits 360 px, and its table says the same without scripts", async () => {
  const narrow = await visit(browser, { viewport: { width: 360, height: 740 } });
  await signIn(narrow.page, "revisor", "/topology");
  await narrow.page.locator(".map-picture canvas, .map-picture svg").first().waitFor();
  await assertNoSidewaysScroll(narrow.page);
  narrow.watch.check();

  const plain = await visit(browser, { javaScriptEnabled: false });
  await signIn(plain.page, "revisor", "/topology");
  await plain.page.getByRole("heading", { level: 1, name: t("nav-topology") }).waitFor();
  assert.ok((await plain.page.locator("#list tbody tr").count()) >= 14, "a row for every switch");
  assert.equal(await plain.page.locator("#map").isVisible(), false, "no empty frame");
  plain.watch.check();
});
