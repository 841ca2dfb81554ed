// Runs the tests against a demo of their own: `node run.mjs NETWARDEN [FILE...]`. NETWARDEN_PAGES holds the pages of
// `views.rs` as JSON (`tests/integration/browser.rs` writes it), NETWARDEN_SIM names `netwarden-sim`.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "node:test";
import * as reporters from "node:test/reporters";
import { fileURLToPath } from "node:url";

import { start } from "./demo.mjs";

/** Minutes of the campus's day: the rogue comes after a third of it. */
const DAY = 2;

const here = dirname(fileURLToPath(import.meta.url));
const [binary, ...named] = process.argv.slice(2);
if (!binary) throw new Error("usage: node run.mjs NETWARDEN [FILE...]");

// Signing in for the first time can be done once only, and comes first; the rest is by name.
const all = readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort();
const FIRST = "first-sign-in.test.mjs";
const wanted = named.length ? named : [FIRST, ...all.filter((file) => file !== FIRST)];

const folder = mkdtempSync(join(tmpdir(), "netwarden-browser-"));
const log = join(folder, "demo.log");
const demo = await start(binary, { minutes: DAY, log });
process.env.NETWARDEN_DEMO = JSON.stringify(demo.about);

let failures = 0;
// A file that does not end is ended: what it started would hold the others up.
const tests = run({ files: wanted.map((file) => join(here, file)), concurrency: 1, timeout: 600_000 });
tests.on("test:fail", () => (failures += 1));
const Spec = reporters.spec;
tests.compose(new Spec()).pipe(process.stdout);
await new Promise((done) => tests.once("end", done));
await demo.stop();
if (failures > 0) console.log(`--- what the demo said\n${readFileSync(log, "utf8")}`);
rmSync(folder, { recursive: true });
process.exitCode = failures > 0 ? 1 : 0;
