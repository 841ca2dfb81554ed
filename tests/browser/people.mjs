// The people of the tests: one of each role, and `admin`, whose password was chosen.

import { about } from "./browser.mjs";
import { Refused, call } from "./rest.mjs";

/** The password of everybody who has chosen one. */
export const PASSWORD = "Eleven-green/bottles";
const FOR_ONCE = "Only-for-0nce!";

/** Users are called as their role is. */
export const ROLES = ["administrator", "operator", "helpdesk", "revisor"];

let divided;

/** One administrator keeps all there is, as S4 has it: the role administrator keeps accounts too. */
function oneAdministrator() {
  const wanted = { value: "nac", reason: "one administrator keeps all" };
  divided ??= call(about, "PUT", "/policies/accounts/identity.separation", wanted);
  return divided;
}

/** Makes the user of a role, with a password that was chosen already. */
export async function make(role) {
  await oneAdministrator();
  try {
    await call(about, "POST", "/users", { name: role, password: FOR_ONCE, roles: [role] });
  } catch (error) {
    // An earlier file has made it.
    if (error instanceof Refused && error.status === 409) return;
    throw error;
  }
  await call(about, "POST", "/sessions", { user: role, password: FOR_ONCE, new_password: PASSWORD });
}

/** Signs the user of a role in, as they do it themselves; the page is then at `to`. */
export async function signIn(page, role, to = "/") {
  await make(role);
  await page.goto(`/sign-in?to=${encodeURIComponent(to)}`);
  await page.fill("input[name=user]", role);
  await page.fill("input[name=password]", PASSWORD);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/sign-in"), page.press("input[name=password]", "Enter")]);
  await acknowledge(page);
}

/** Says that the notice after the login was read, where there is one. */
export async function acknowledge(page) {
  const read = page.locator("form.login button");
  if (await read.count()) await Promise.all([page.waitForEvent("load"), read.click()]);
}
