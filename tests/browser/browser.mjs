// Chromium at the console, with a watch over everything that a page must not do.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** What `run.mjs` has started. */
export const about = JSON.parse(process.env.NETWARDEN_DEMO ?? "null");
/** The pages of the console: method, path and the roles that may have it (`views.rs`). */
export const pages = JSON.parse(process.env.NETWARDEN_PAGES ?? "[]");
if (!about) throw new Error("these files are run by run.mjs and screens.mjs");

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Chromium with a fresh profile. It takes the server's key for good, and no other that nobody vouches for. */
export function open() {
  return chromium.launch({
    executablePath: PROGRAM,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--ignore-certificate-errors-spki-list=${about.key}`,
      // Whatever a page might ask elsewhere leads nowhere, besides being reported.
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${new URL(about.origin).hostname}, EXCLUDE 127.0.0.1`,
    ],
  });
}

/**
 * A window of its own, as somebody with these habits has it.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} habits
 */
export async function visit(browser, habits = {}) {
  const context = await browser.newContext({
    baseURL: about.origin,
    locale: "en-GB",
    timezoneId: "Europe/Zurich",
    viewport: { width: 1280, height: 800 },
    ...habits,
  });
  // Long enough for a machine that builds something else meanwhile.
  context.setDefaultTimeout(60_000);
  const watch = new Watch(about.origin);
  await watch.over(context);
  const page = await context.newPage();
  return { context, page, watch };
}

/** Collects what no page may do: errors, breaches of the policy, scripts of others, requests elsewhere. */
export class Watch {
  faults = [];
  requests = 0;
  /** Answers of 400 and above that a test asks for on purpose. */
  allowed = new Set();

  constructor(origin) {
    this.origin = origin;
  }

  async over(context) {
    context.on("console", (message) => {
      // Answers are judged below, where it is known what was asked for.
      const isAnswer = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isAnswer) {
        this.faults.push(`${message.page()?.url()} says: ${message.text()}`);
      }
    });
    context.on("weberror", (error) => this.faults.push(`${error.page()?.url()} threw ${error.error()}`));
    context.on("dialog", (dialog) => {
      this.faults.push(`${dialog.page()?.url()} opened a ${dialog.type()}: ${dialog.message()}`);
      dialog.dismiss();
    });
    context.on("request", (request) => {
      this.requests += 1;
      const url = request.url();
      if (!url.startsWith(`${this.origin}/`) && !url.startsWith("data:")) {
        this.faults.push(`${request.frame().url()} asked ${url}`);
      }
    });
    context.on("response", (response) => {
      const isFault = response.status() >= 400 && !this.allowed.has(response.status());
      if (isFault && !response.request().isNavigationRequest()) {
        this.faults.push(`${response.request().method()} ${response.url()} answered ${response.status()}`);
      }
    });
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy broken: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`);
      });
    });
  }

  /** Fails where anything was seen; also where nothing was watched. */
  check() {
    assert.ok(this.requests > 0, "no request was seen: the watch has watched nothing");
    assertNone(this.faults);
  }
}

/** Fails where there are faults, and names each. */
export function assertNone(faults) {
  if (faults.length > 0) assert.fail(`\n${[...new Set(faults)].join("\n")}`);
}

/** Fails where the page is wider than the window. What may be wider scrolls by itself. */
export async function assertNoSidewaysScroll(page) {
  const [wide, window, culprits] = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => element && element !== document.body && element !== document.documentElement
      && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    const isOut = (element) => !scrolls(element)
      && (element.getBoundingClientRect().right > width + 1 || element.scrollWidth > Math.max(element.clientWidth, width) + 1);
    const out = [...document.body.querySelectorAll("*")].filter((e) => isOut(e) && ![...e.children].some(isOut));
    const names = out.slice(0, 5).map((e) => `${e.localName}.${e.className} "${(e.textContent ?? "").trim().slice(0, 40)}"`);
    return [document.documentElement.scrollWidth, width, names];
  });
  assert.ok(wide <= window, `${page.url()} is ${wide} px wide in a window of ${window}: ${culprits.join(" | ")}`);
}
