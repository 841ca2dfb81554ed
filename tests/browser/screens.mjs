// The pictures of README.md: `node screens.mjs NETWARDEN FOLDER` starts a demo, waits for its day to become
// interesting, and takes the pages as a person at a desk sees them, light and dark.

import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { start } from "./demo.mjs";
import { withPalette } from "./png.mjs";
import { call, until } from "./rest.mjs";

const [binary, folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node screens.mjs NETWARDEN FOLDER");

/** Minutes of the day: about a third of it passes before the pictures are taken. */
const DAY = 6;
/** Octets of a picture, at most: README.md is read over slow lines too. */
const LARGEST = 150 * 1024;

const demo = await start(binary, { minutes: DAY, log: join(tmpdir(), "netwarden-screens.log") });
try {
  process.env.NETWARDEN_DEMO = JSON.stringify(demo.about);
  // These read what stands in the environment.
  const { open, visit } = await import("./browser.mjs");
  const { signIn } = await import("./people.mjs");
  const rogue = await until("the masquerade is found, after the rogue", DAY * 60, () => interesting(demo.about));

  /** Name of the picture, address, and what is done before it is taken. */
  const pictures = [
    ["overview", "/"],
    ["endpoint", `/endpoints/${rogue.mac}`],
    ["element", `/elements/${rogue.ne_id}`],
    ["topology", "/topology"],
    ["rule", "/rules/1/edit"],
    ["events", "/events"],
  ];
  mkdirSync(folder, { recursive: true });
  const browser = await open();
  const missing = [];
  for (const colorScheme of ["light", "dark"]) {
    const habits = { colorScheme, viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1, reducedMotion: "reduce" };
    const { context, page, watch } = await visit(browser, habits);
    await signIn(page, "administrator");
    for (const [name, address] of pictures) {
      const answer = await page.goto(address);
      if (answer.status() !== 200) {
        missing.push(`${address} answers ${answer.status()}`);
        continue;
      }
      await page.evaluate(() => document.fonts.ready);
      // Streams never end, so that "network idle" does not come: what is drawn by scripts has a moment.
      await page.waitForTimeout(1_500);
      const path = join(folder, `${name}-${colorScheme}.png`);
      const picture = withPalette(await page.screenshot());
      writeFileSync(path, picture);
      console.log(`${path}: ${Math.ceil(picture.length / 1024)} KiB`);
      if (picture.length > LARGEST) missing.push(`${path} has ${picture.length} octets, more than ${LARGEST}`);
    }
    watch.check();
    await context.close();
  }
  await browser.close();
  if (missing.length) throw new Error(missing.join("\n"));
} finally {
  await demo.stop();
}

/** The rogue, in quarantine, once a printer's address was found elsewhere too. */
async function interesting(about) {
  const spoofed = await call(about, "GET", "/events?kind=mac_spoofing&limit=1");
  const seen = await call(about, "GET", "/endpoints?status=new&online=true&limit=50");
  return spoofed.items.length > 0 && seen.items.find((one) => one.vlan === 666);
}
