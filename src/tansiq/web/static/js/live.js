/* Keeps a page live: hears from the node which things changed, by name alone, and lets what shows them fetch anew.
   Many changes within a moment are one refresh; a page that nobody looks at waits until somebody does. */

const PAUSE = 1200;
const waiting = new Set();
let timer = null;
let source = null;

function spread() {
  timer = null;
  if (document.hidden) return;
  const names = [...waiting];
  waiting.clear();
  for (const place of document.querySelectorAll("[data-live]")) {
    const wanted = place.dataset.live.split(" ");
    if (names.some((name) => name === "all" || wanted.some((start) => name.startsWith(start)))) htmx.trigger(place, "live");
  }
  if (names.some((name) => name === "all" || /^(watch|rescue)\./.test(name))) document.dispatchEvent(new CustomEvent("tansiq:picture"));
}

function later(name) {
  waiting.add(name);
  timer ??= setTimeout(spread, PAUSE);
}

function state(name) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    place.dataset.liveState = name;
    for (const text of place.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== name;
  }
}

function listen() {
  source = new EventSource(`/stream?after=${document.body.dataset.after ?? ""}`);
  source.addEventListener("open", () => state("live"));
  source.addEventListener("change", (event) => later(JSON.parse(event.data).name));
  source.addEventListener("reload", () => later("all"));
  source.addEventListener("ended", () => { source.close(); location.reload(); });
  source.addEventListener("error", () => {
    state("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10_000);
  });
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && waiting.size) spread(); });
document.addEventListener("htmx:after:swap", () => document.dispatchEvent(new CustomEvent("tansiq:refreshed")));
setInterval(() => { if (!document.hidden) document.dispatchEvent(new CustomEvent("tansiq:picture")); }, 15_000);
listen();
