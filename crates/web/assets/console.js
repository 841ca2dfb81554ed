// The console's own script: dialogs, local times, keys, live rows. Pages are useful without it.
"use strict";

const language = document.documentElement.lang;
// The reader's own form of the page's language: 24 hours for Britons, not for Americans.
const locale = navigator.languages.find((one) => one.startsWith(language)) ?? language;
const local = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

/** Times in the reader's zone; UTC stays in the title. */
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    time.title = time.textContent;
    time.textContent = local.format(at);
  }
}

const dialog = document.getElementById("dialog");
document.addEventListener("htmx:afterSwap", (event) => {
  localise(event.detail.target);
  if (event.detail.target === dialog && !dialog.open) {
    dialog.showModal();
    const first = "input:not([type=hidden]), select, textarea, button";
    (dialog.querySelector("[autofocus]") ?? dialog.querySelector(first))?.focus();
  }
  if (event.detail.target.id === "list" || document.getElementById("list")) listen();
});
dialog.addEventListener("click", (event) => {
  const cancel = event.target.closest(".cancel");
  if (cancel || event.target === dialog) {
    event.preventDefault();
    dialog.close();
  }
});
dialog.addEventListener("close", () => dialog.replaceChildren());
// What was refused, or could not be asked: the page itself says why.
document.addEventListener("htmx:responseError", (event) => {
  const asked = event.detail.elt.closest("a, button");
  if (asked && event.detail.requestConfig.verb === "get") location.assign(event.detail.pathInfo.finalRequestPath);
});

const search = document.getElementById("q");
const found = document.getElementById("found");
search?.form.addEventListener("keydown", (event) => {
  const hits = [...found.querySelectorAll("a")];
  const at = hits.indexOf(document.activeElement);
  if (event.key === "Escape") {
    found.replaceChildren();
    search.focus();
  } else if (event.key === "ArrowDown" && hits.length) {
    hits[Math.min(at + 1, hits.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    (at === 0 ? search : hits[at - 1]).focus();
  } else {
    return;
  }
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (found && !event.target.closest(".search")) found.replaceChildren();
});

/** j and k go through the rows, Enter opens one, / searches. */
let row = null;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    search?.focus();
    return;
  }
  // Space picks the row that is gone through; Enter is the link's own.
  const box = event.key === " " && row?.contains(document.activeElement) && row.querySelector("input[form=picked]");
  if (box && event.target !== box) {
    event.preventDefault();
    box.click();
    return;
  }
  const rows = [...document.querySelectorAll("#list tbody tr")];
  if ((event.key === "j" || event.key === "k") && rows.length) {
    const at = rows.indexOf(row);
    const next = event.key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0);
    row?.classList.remove("here");
    row = rows[next];
    row.classList.add("here");
    const link = row.querySelector("a");
    link?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
});

/** New rows on top of a live list; none while text is being selected, or the pointer is among the rows. */
const MOST = 500;
let source = null;
function listen() {
  const body = document.querySelector("tbody[data-live]");
  const sign = document.querySelector(".live");
  if (source && source.body === body) return;
  source?.close();
  source = null;
  if (!body) return;
  source = new EventSource(body.dataset.live);
  source.body = body;
  const waiting = [];
  const put = () => {
    if (!waiting.length || getSelection().type === "Range" || body.matches(":hover")) return;
    for (const text of waiting.splice(0)) {
      const template = document.createElement("template");
      template.innerHTML = text;
      const arrived = template.content.querySelector("tr");
      if (!arrived) continue;
      arrived.classList.add("new");
      localise(arrived);
      body.prepend(arrived);
    }
    while (body.rows.length > MOST) body.rows[body.rows.length - 1].remove();
  };
  source.addEventListener("row", (event) => {
    waiting.push(event.data);
    if (waiting.length > MOST) waiting.shift();
    put();
  });
  const beat = setInterval(() => {
    put();
    if (!body.isConnected) {
      clearInterval(beat);
      listen();
    }
  }, 500);
  const tell = (on) => {
    if (!sign) return;
    sign.textContent = on ? sign.dataset.on : sign.dataset.off;
    sign.classList.toggle("on", on);
  };
  source.addEventListener("open", () => tell(true));
  source.addEventListener("error", () => tell(false));
}

/** A list that looks again by itself waits while somebody works in it. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches(".watch")) return;
  const list = document.getElementById("list");
  const busy = dialog.open || document.hidden || getSelection().type === "Range";
  if (busy || list.matches(":hover, :focus-within")) event.preventDefault();
});

/** One box for all boxes of the page. */
function offerAll() {
  const all = document.getElementById("all");
  if (all) all.parentElement.hidden = false;
}
document.addEventListener("change", (event) => {
  if (event.target.id !== "all") return;
  for (const box of document.querySelectorAll("#list input[form=picked]")) box.checked = event.target.checked;
});
document.addEventListener("htmx:afterSettle", offerAll);
offerAll();

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy));
}
localise(document);
listen();

// Rules: a click on a property's name writes it into the condition; what a rehearsal beside the form links
// to opens apart, so that what is not saved stays.
for (const name of document.querySelectorAll("code[data-insert]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "insert";
  button.textContent = name.dataset.insert;
  button.addEventListener("click", () => {
    const condition = document.getElementById("condition");
    condition.setRangeText(button.textContent, condition.selectionStart, condition.selectionEnd, "end");
    condition.focus();
    condition.dispatchEvent(new Event("input", { bubbles: true }));
  });
  name.replaceWith(button);
}
document.addEventListener("htmx:afterSwap", () => {
  for (const link of document.querySelectorAll("#rehearsal a:not([hx-get])")) link.target = "_blank";
});
// Adoption: a file is read into the field that would hold its lines, so that the form needs no other way.
for (const chooser of document.querySelectorAll("input[type=file][data-into]")) {
  const field = chooser.closest("section").querySelector(`[name=${chooser.dataset.into}]`);
  chooser.closest("p").hidden = false;
  chooser.addEventListener("change", async () => {
    if (chooser.files.length) field.value = await chooser.files[0].text();
  });
}
// Charts: times of bars in the reader's zone, with UTC behind.
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
for (const bar of document.querySelectorAll(".bar-of[data-from]")) {
  const title = bar.querySelector("title");
  const span = `${clock.format(new Date(bar.dataset.from))}–${clock.format(new Date(bar.dataset.until))}`;
  title.textContent = `${span}: ${bar.dataset.value} (${title.textContent.replace(/: .*/, "")})`;
  bar.closest("a")?.setAttribute("aria-label", `${span}: ${bar.dataset.value}`);
}
