/* Before anything is drawn: the palette that this device was last given (day, dusk, night), or the system's own wish. */
(() => {
  const kept = localStorage.getItem("tansiq.palette");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = ["day", "dusk", "night"].includes(kept) ? kept : dark ? "night" : "day";
})();
