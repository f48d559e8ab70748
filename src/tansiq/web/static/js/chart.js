/* The chart: our coast, the picture, and what a case adds to it. Quiet land, depth-free sea, graticule, nautical miles.
   Uncertainty is drawn, never hidden. Where there is no WebGL the table that every chart carries is shown instead. */

import * as maplibre from "../vendor/maplibre/maplibre-gl.mjs";
import { span } from "./frame.js";

maplibre.setWorkerUrl(new URL("../vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);

const EMPTY = { type: "FeatureCollection", features: [] };
const SOURCES = ["coast", "grid", "radii", "cells", "areas", "lines", "points", "tracks"];
const STRAIT = [[-6.05, 35.2], [-3.7, 36.35]];
const FONT = ["PlexStrong", "PlexArabicStrong"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/* --- marks: drawn once as masks, coloured by the palette --- */
function mark(draw, size = 40) {
  const canvas = new OffscreenCanvas(size, size);
  const pen = canvas.getContext("2d");
  pen.lineWidth = 3;
  pen.translate(size / 2, size / 2);
  draw(pen);
  return pen.getImageData(0, 0, size, size);
}
const MARKS = {
  vessel: (pen) => { pen.beginPath(); pen.moveTo(0, -13); pen.lineTo(7, 11); pen.lineTo(0, 6); pen.lineTo(-7, 11); pen.closePath(); pen.fill(); },
  still: (pen) => { pen.beginPath(); pen.arc(0, 0, 6, 0, 7); pen.fill(); },
  beacon: (pen) => { pen.beginPath(); pen.arc(0, 0, 13, 0, 7); pen.moveTo(-9, 0); pen.lineTo(9, 0); pen.moveTo(0, -9); pen.lineTo(0, 9); pen.stroke(); },
  alert: (pen) => { pen.beginPath(); pen.moveTo(0, -13); pen.lineTo(13, 10); pen.lineTo(-13, 10); pen.closePath(); pen.stroke(); pen.fillRect(-1.5, -5, 3, 9); pen.fillRect(-1.5, 5.5, 3, 3); },
  datum: (pen) => { pen.beginPath(); pen.arc(0, 0, 14, 0, 7); pen.moveTo(-14, 0); pen.lineTo(14, 0); pen.moveTo(0, -14); pen.lineTo(0, 14); pen.stroke(); },
  unit: (pen) => { pen.fillRect(-8, -8, 16, 16); },
};

/* --- layers, lowest first --- */
const priority = () => ["match", ["get", "priority"], 1, colour("emergency"), 2, colour("emergency"), 3, colour("warning"), 4, colour("caution"), colour("soft")];

function layers() {
  const words = { "text-color": colour("ink"), "text-halo-color": colour("halo"), "text-halo-width": 1.4 };
  const text = { "text-font": FONT, "text-size": 12, "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 1.1, "text-justify": "auto" };
  return [
    { id: "sea", type: "background", paint: { "background-color": colour("sea") } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": colour("grid"), "line-width": 1 } },
    { id: "land", type: "fill", source: "coast", paint: { "fill-color": colour("land"), "fill-antialias": false } },
    { id: "shore", type: "line", source: "coast", paint: { "line-color": colour("coast"), "line-width": 1 } },
    { id: "degrees", type: "symbol", source: "grid", minzoom: 5, layout: { "symbol-placement": "line", "text-field": ["get", "label"], "text-font": FONT, "text-size": 11, "symbol-spacing": 500 }, paint: { ...words, "text-color": colour("faint") } },
    { id: "cells", type: "fill", source: "cells", filter: ["==", ["get", "hour"], 0], paint: { "fill-color": colour("emergency"), "fill-opacity": ["interpolate", ["linear"], ["get", "share"], 0, 0.08, 1, 0.75], "fill-antialias": false } },
    { id: "cloud", type: "circle", source: "points", filter: ["==", ["get", "kind"], "particle"], paint: { "circle-radius": 1.8, "circle-color": colour("emergency"), "circle-opacity": 0.45 } },
    { id: "areas", type: "fill", source: "areas", paint: { "fill-color": colour("accent"), "fill-opacity": 0.08 } },
    { id: "edges", type: "line", source: "areas", paint: { "line-color": colour("accent"), "line-width": 2, "line-dasharray": [3, 2] } },
    { id: "lines", type: "line", source: "lines", filter: ["==", ["get", "kind"], "legs"], paint: { "line-color": colour("accent"), "line-width": 1.2 } },
    { id: "path", type: "line", source: "lines", filter: ["==", ["get", "kind"], "path"], paint: { "line-color": colour("emergency"), "line-width": 1.6, "line-dasharray": [1, 1.6] } },
    { id: "radii", type: "fill", source: "radii", paint: { "fill-color": priority(), "fill-opacity": 0.1 } },
    { id: "rims", type: "line", source: "radii", paint: { "line-color": priority(), "line-width": 1, "line-opacity": 0.7 } },
    { id: "tracks", type: "symbol", source: "tracks",
      layout: { "icon-image": ["get", "mark"], "icon-size": ["interpolate", ["linear"], ["zoom"], 6, 0.34, 11, 0.62], "icon-rotate": ["coalesce", ["get", "course"], 0], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
      paint: { "icon-color": ["case", ["get", "partner"], colour("sealed"), colour("vessel")], "icon-opacity": ["case", ["get", "stale"], 0.4, 1] } },
    { id: "names", type: "symbol", source: "tracks", minzoom: 9, layout: { ...text, "text-size": 11, "text-field": ["get", "name"], "text-optional": true }, paint: { ...words, "text-color": colour("soft") } },
    { id: "points", type: "symbol", source: "points", filter: ["!=", ["get", "kind"], "particle"],
      layout: { ...text, "icon-image": ["get", "mark"], "icon-size": 0.72, "icon-allow-overlap": true, "text-field": ["get", "label"], "text-optional": true },
      paint: { ...words, "icon-color": ["case", ["==", ["get", "mark"], "unit"], colour("ok"), priority()] } },
  ];
}

/* --- graticule, and circles for what is not known better --- */
function degrees(value, positive, negative) {
  const whole = Math.floor(Math.abs(value));
  const minutes = Math.round((Math.abs(value) - whole) * 60);
  return `${whole}°${minutes ? `${minutes}′` : ""}${value === 0 ? "" : value > 0 ? positive : negative}`;
}

function graticule() {
  const features = [];
  const line = (label, coordinates) => features.push({ type: "Feature", properties: { label }, geometry: { type: "LineString", coordinates } });
  for (let lat = 20; lat <= 50; lat += 0.5) line(degrees(lat, "N", "S"), [[-30, lat], [15, lat]]);
  for (let lon = -30; lon <= 15; lon += 0.5) line(degrees(lon, "E", "W"), [[lon, 20], [lon, 50]]);
  return { type: "FeatureCollection", features };
}

function circle(feature) {
  const [lon, lat] = feature.geometry.coordinates;
  const tall = feature.properties.radius / 111_195;
  const wide = tall / Math.cos((lat * Math.PI) / 180);
  const ring = Array.from({ length: 49 }, (_, i) => [lon + wide * Math.cos((i * Math.PI) / 24), lat + tall * Math.sin((i * Math.PI) / 24)]);
  return { type: "Feature", properties: feature.properties, geometry: { type: "Polygon", coordinates: [ring] } };
}

const radii = (collection) => ({ type: "FeatureCollection", features: collection.features.filter((one) => one.properties.radius > 0).map(circle) });

/* --- one chart on a page --- */
class Chart {
  constructor(place) {
    this.place = place;
    this.table = place.querySelector("[data-chart-table]");
    this.hour = 0;
    const map = (this.map = new maplibre.Map({
      container: place.querySelector(".map"),
      style: { version: 8, sources: Object.fromEntries(SOURCES.map((name) => [name, { type: "geojson", data: EMPTY }])), layers: layers() },
      bounds: this.bounds(place.dataset.bounds) ?? STRAIT,
      fitBoundsOptions: { padding: 24 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 14,
      minZoom: 4,
      localIdeographFontFamily: false,
    }));
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    for (const [name, draw] of Object.entries(MARKS)) map.addImage(name, mark(draw), { sdf: true, pixelRatio: 1 });
    map.addControl(new maplibre.ScaleControl({ unit: "nautical", maxWidth: 120 }), "bottom-left");
    map.addControl(new maplibre.AttributionControl({ compact: false, customAttribution: place.dataset.attribution }), "bottom-right");
    const canvas = map.getCanvas();
    canvas.setAttribute("aria-label", place.dataset.label);
    map.once("load", () => this.begin());
    map.on("click", (event) => this.open(event.point));
    map.on("mousemove", ({ point }) => (canvas.style.cursor = this.under(point) ? "pointer" : ""));
    document.addEventListener("tansiq:palette", () => this.paint());
  }

  bounds(text) {
    if (!text) return null;
    const [west, south, east, north] = text.split(",").map(Number);
    return [[west, south], [east, north]];
  }

  async begin() {
    this.set("grid", graticule());
    this.tools();
    const { coast, picture, drift } = this.place.dataset;
    fetch(coast).then((answer) => answer.json()).then((data) => this.set("coast", data));
    if (picture) await this.refresh();
    if (drift) await this.follow(drift);
    this.place.dataset.ready = "yes";
  }

  set(name, data) { this.map.getSource(name).setData(data ?? EMPTY); }

  paint() {
    for (const { id, paint } of layers())
      for (const [property, value] of Object.entries(paint)) this.map.setPaintProperty(id, property, value);
  }

  async refresh() {
    const answer = await fetch(this.place.dataset.picture, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    this.picture = await answer.json();
    this.draw();
  }

  draw() {
    const { tracks = EMPTY, points = EMPTY, areas = EMPTY, lines = EMPTY } = this.picture ?? {};
    this.set("tracks", tracks);
    this.set("areas", areas);
    this.set("lines", lines);
    const cloud = this.drift?.hours[this.hour]?.cloud ?? [];
    const particles = { type: "Feature", properties: { kind: "particle" }, geometry: { type: "MultiPoint", coordinates: cloud } };
    const datum = this.drift?.hours[this.hour]?.datum;
    const mean = datum && { type: "Feature", properties: { kind: "datum", mark: "still", priority: 1, radius: datum.radius }, geometry: { type: "Point", coordinates: datum.at } };
    const all = { type: "FeatureCollection", features: [...points.features, ...(cloud.length ? [particles] : []), ...(mean ? [mean] : [])] };
    this.set("points", all);
    this.set("radii", radii(all));
  }

  /* the drift of a case: probability by hour, with a slider that needs no drag */
  async follow(url) {
    const answer = await fetch(url);
    if (!answer.ok) return;
    this.drift = await answer.json();
    this.set("cells", this.drift.cells);
    const slider = this.place.querySelector("[data-hours]");
    if (!slider) return;
    slider.max = this.drift.hours.length - 1;
    slider.disabled = false;
    slider.addEventListener("input", () => this.show(Number(slider.value)));
    const now = this.drift.hours.findLastIndex((hour) => new Date(hour.at) <= Date.now());
    slider.value = Math.max(now, 0);
    this.show(Number(slider.value));
  }

  show(hour) {
    this.hour = hour;
    this.map.setFilter("cells", ["==", ["get", "hour"], hour]);
    this.draw();
    const at = this.drift.hours[hour];
    const [time, after] = this.place.querySelectorAll("[data-hour-time], [data-hour-after]");
    time.textContent = at.time;
    after.textContent = `+${hour} h / ${this.drift.hours.length - 1} h`;
    const slider = this.place.querySelector("[data-hours]");
    slider.setAttribute("aria-valuetext", `+${hour} h, ${at.time}`);
  }

  under(point) {
    const near = [[point.x - 8, point.y - 8], [point.x + 8, point.y + 8]];
    return this.map.queryRenderedFeatures(near, { layers: ["points", "tracks"] })[0];
  }

  open(point) {
    const found = this.under(point);
    if (!found) return;
    if (found.properties.href) { location.assign(found.properties.href); return; }
    const box = document.createElement("div");
    box.className = "popup";
    for (const text of [found.properties.name, found.properties.detail, found.properties.seen && span((Date.now() - new Date(found.properties.seen)) / 1000)])
      if (text) box.append(Object.assign(document.createElement("p"), { textContent: text, dir: "auto" }));
    new maplibre.Popup({ closeButton: false, maxWidth: "260px" }).setLngLat(found.geometry.coordinates).setDOMContent(box).addTo(this.map);
  }

  tools() {
    const press = (name, act) => this.place.querySelector(`[data-chart-${name}]`)?.addEventListener("click", act);
    press("in", () => this.map.zoomIn());
    press("out", () => this.map.zoomOut());
    press("list", (event) => listed(this.place, this.table.hidden, event.currentTarget));
  }
}

function listed(place, on, button = place.querySelector("[data-chart-list]")) {
  place.querySelector("[data-chart-table]").hidden = !on;
  button.setAttribute("aria-pressed", String(on));
}

for (const place of document.querySelectorAll("[data-chart]")) {
  try {
    const chart = new Chart(place);
    listed(place, false);
    place.querySelector(".tools").hidden = false;
    document.addEventListener("tansiq:picture", () => chart.refresh());
  } catch {
    place.classList.add("without");  // no WebGL here: the table that stands in the page is the chart
  }
}
