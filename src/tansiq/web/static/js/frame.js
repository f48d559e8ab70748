/* What every page does: clock, ages, palette, keys, search in the page, and forms that keep what was typed. */

const root = document.documentElement;
const language = root.lang === "ar" ? "ar-MA" : root.lang;

/* --- clock and ages: ages count up, in the reader's units --- */
const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [size, unit] = UNITS.find(([size]) => whole >= 2 * size || size === 1);
  const parts = { style: "unit", unit, unitDisplay: "short", numberingSystem: "latn" };
  return new Intl.NumberFormat(language, parts).format(Math.floor(whole / size));
}

function clock(now) {
  for (const place of document.querySelectorAll("[data-clock]")) {
    place.querySelector("b bdi").textContent = now.toISOString().slice(11, 19);
    const local = place.querySelector("[data-local]");
    if (local) local.textContent = new Date(now.getTime() + place.dataset.offset * 60_000).toISOString().slice(11, 16);
  }
}

function tick() {
  const now = new Date();
  clock(now);
  for (const place of document.querySelectorAll("time[data-age]")) {
    const text = span((now - new Date(place.dateTime)) / 1000);
    if (place.textContent !== text) place.textContent = text;
  }
}
setInterval(tick, 1000);
tick();

/* --- palette --- */
function palette(name) {
  root.dataset.theme = name;
  for (const button of document.querySelectorAll("[data-palette]"))
    button.setAttribute("aria-pressed", String(button.dataset.palette === name));
  document.dispatchEvent(new CustomEvent("tansiq:palette"));
}
palette(root.dataset.theme);
for (const button of document.querySelectorAll("[data-palette]"))
  button.addEventListener("click", () => {
    localStorage.setItem("tansiq.palette", button.dataset.palette);
    palette(button.dataset.palette);
    button.closest("details").open = false;
  });

/* --- menus close by themselves --- */
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

/* --- keys --- */
const help = document.getElementById("keys");
let going = false;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (going) {
    going = false;
    const room = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (room) { event.preventDefault(); room.click(); }
  } else if (event.key === "g") going = true;
  else if (event.key === "?") { event.preventDefault(); help.showModal(); }
  else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
});
for (const button of document.querySelectorAll("[data-keys-open]")) button.addEventListener("click", () => help.showModal());

/* --- on a phone a table's rows stand as cards: each cell carries its column's name --- */
function label() {
  for (const table of document.querySelectorAll("table:has(thead)")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    for (const row of table.tBodies[0]?.rows ?? [])
      for (const [place, cell] of [...row.cells].entries()) if (cell.colSpan === 1 && names[place]) cell.dataset.label = names[place];
  }
}
label();
document.addEventListener("tansiq:refreshed", label);

/* --- search in the page: rows that do not hold the words are hidden --- */
function sift(field) {
  const words = field.value.toLocaleLowerCase(language).split(/\s+/).filter(Boolean);
  const list = document.getElementById(field.dataset.search);
  for (const row of list ? list.querySelectorAll("[data-row]") : []) {
    const text = row.textContent.toLocaleLowerCase(language);
    row.hidden = !words.every((word) => text.includes(word));
  }
}
for (const field of document.querySelectorAll("[data-search]")) field.addEventListener("input", () => sift(field));
document.addEventListener("tansiq:refreshed", () => {
  for (const field of document.querySelectorAll("[data-search]")) if (field.value) sift(field);
  tick();
});

/* --- forms keep what was typed through an expired session; nothing outlives the tab or the person --- */
const person = document.body.dataset.user;
const SENT = "tansiq.sent";
const draftOf = (form) => `tansiq.draft.${person}.${form.getAttribute("action")}`;
const secret = (name) => ["csrfmiddlewaretoken", "token"].includes(name) || /password|credential|code/.test(name);

function keep(form) {
  const typed = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !secret(name));
  sessionStorage.setItem(draftOf(form), JSON.stringify(typed));
}

function restore(form) {
  const kept = sessionStorage.getItem(draftOf(form));
  if (!kept || document.querySelector("[aria-invalid=true], .refusal, .fault")) return;
  for (const [name, value] of JSON.parse(kept)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    const choices = field instanceof RadioNodeList ? [...field] : [field];
    for (const one of choices) {
      if (["checkbox", "radio"].includes(one.type)) one.checked ||= one.value === value;
      else one.value = value;
    }
  }
}

const sent = sessionStorage.getItem(SENT);
if (sent) {
  // a form that was taken is forgotten; one that met an error, a refusal or the sign-in page is not
  if (person && !document.querySelector("[aria-invalid=true], .refusal, .fault")) sessionStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}
for (const form of document.querySelectorAll("form[data-keep]")) {
  restore(form);
  form.addEventListener("input", () => keep(form));
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-sign-out]")) sessionStorage.clear();
  else if (form.matches("[data-keep]")) sessionStorage.setItem(SENT, draftOf(form));
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print]");
  if (button) print();
});
document.querySelector("[data-focus]")?.focus();
