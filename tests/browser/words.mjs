// The console's texts, as its catalogues have them: a test in German reads as the one in English.

import { readFileSync } from "node:fs";

/** The texts of a language without variables, by key. */
export function words(language) {
  const file = new URL(`../../crates/web/locales/${language}.ftl`, import.meta.url);
  const texts = new Map();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const found = /^([a-z][a-z0-9-]*) = (.*)$/.exec(line);
    if (found) texts.set(found[1], found[2]);
  }
  return (key) => {
    const text = texts.get(key);
    if (text === undefined || text.includes("{")) throw new Error(`${language}.ftl has no plain text '${key}'`);
    return text;
  };
}
