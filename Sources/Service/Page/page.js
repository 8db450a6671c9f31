// The page of the service: a list of images, of which one is shown with its detections. One request returns all scores above
// the minimum of the slider; slider and classes only filter.

import { Camera } from "./page-camera.js";
import { boxAt, color, paint, percent } from "./page-drawing.js";
import { detect, detectPath, models, profiles, sample, shownImage } from "./page-service.js";
import { copyOnClick, Settings } from "./page-settings.js";
import { paintZones } from "./page-zones.js";

const element = (id) => document.getElementById(id);
const [canvas, threshold, key, drop] = ["canvas", "threshold", "key", "drop"].map(element);
const choice = element("model-choice");

// Each image: { blob, name, state: "waiting" | "busy" | "done" | "failed", error, answer, picture, run }. A change of model or key
// starts a new run; the answer to an older one is dropped.
const images = [];
let current = null;
let bitmap = null; // of the current image's picture
let marked = null; // index of the highlighted detection among the visible ones
const hiddenClasses = new Set();
const maxImages = 50;
const settings = new Settings(canvas, () => render(), () => settingsChanged());

// ---- Detection

function add(blobs) {
  const added = [...blobs].filter(Boolean).map((blob) => ({ blob, name: blob.name ?? "image", state: "waiting", run: 0 }));
  if (added.length === 0) return;
  images.push(...added);
  images.splice(0, images.length - maxImages);
  show(images[Math.max(0, images.length - added.length)]);
  work();
}

let isWorking = false;
// One request at a time, the shown image first: a person's page is not to fill the queue of the service.
async function work() {
  if (isWorking) return;
  isWorking = true;
  for (;;) {
    const next = current?.state === "waiting" ? current : images.find((image) => image.state === "waiting");
    if (!next) break;
    await process(next);
  }
  isWorking = false;
}

async function process(image) {
  const run = (image.run += 1);
  image.state = "busy";
  if (image === current) render();
  const [model, secret] = [choice.value || undefined, key.value];
  const result = {};
  try {
    result.answer = await detect(image.blob, { model, ...settings.parameters() }, secret);
    result.picture = await shownImage(image.blob, result.answer, model, secret);
    result.state = "done";
  } catch (error) {
    Object.assign(result, { state: "failed", error });
  }
  if (run !== image.run) return;
  Object.assign(image, { answer: null, picture: null, error: null }, result);
  if (image.error?.needsKey) askForKey();
  if (image.picture) await makeThumbnail(image);
  if (image === current) await show(image);
  else renderStrip();
}

function again(which) {
  for (const image of images.filter(which)) {
    image.run += 1;
    image.state = "waiting";
  }
  render();
  work();
}

function askForKey() {
  element("key-row").hidden = false;
  key.focus();
}

// ---- The shown image

async function show(image) {
  current = image;
  marked = null;
  const picture = image.state === "done" ? image.picture : image.blob;
  const loaded = await createImageBitmap(picture).catch(() => null);
  // Another image was chosen meanwhile.
  if (current !== image) return loaded?.close();
  bitmap?.close();
  bitmap = loaded;
  render();
}

function visibleDetections() {
  if (current?.state !== "done") return [];
  const least = Number(threshold.value);
  return current.answer.detections.filter((found) => found.score >= least && !hiddenClasses.has(found.label));
}

function render() {
  const visible = visibleDetections();
  const isFailed = current?.state === "failed";
  const isShown = bitmap !== null && current !== null && !isFailed;
  canvas.hidden = !isShown;
  settings.imageChanged();
  element("hint").hidden = isShown || !element("video").hidden;
  drop.classList.toggle("full", isShown);
  if (isFailed) element("hint").replaceChildren(`${current.name}: ${current.error.message}`);
  element("hint").classList.toggle("error", isFailed);
  if (isShown) drawCurrent(visible);
  renderStatus(visible, isFailed);
  renderRows(visible);
  renderClasses();
  renderStrip();
}

function renderStatus(visible, isFailed) {
  const status = element("status");
  status.classList.toggle("error", isFailed);
  const isDone = current?.state === "done";
  if (isFailed) status.textContent = current.error.message;
  else if (isDone) status.textContent = visible.length === 0 ? "Nothing with this score." : `${visible.length} found.`;
  else status.textContent = current ? "Detecting …" : "Nothing yet.";
  element("downloads").hidden = element("table").hidden = !isDone;
  element("table").hidden ||= visible.length === 0;
  const names = visible.map((found) => found.label).join(", ");
  canvas.setAttribute("aria-label", names ? `Image with ${names}` : "Image without objects of this score");
  element("timing").textContent = isDone ? timing(current.answer.timing_ms) : "";
  if (!isDone) return;
  const { name, input } = current.answer.model;
  element("model").textContent = `${name}, ${input.width} × ${input.height}`;
}

const timing = (time) =>
  `${time.total.toFixed(1)} ms: decode ${time.decode.toFixed(1)}, prepare ${time.preprocess.toFixed(1)}, ` +
  `wait ${time.queue.toFixed(1)}, network ${time.inference.toFixed(1)}`;

// As large as the column and the window allow; small images are enlarged, in pixels that can be seen.
function drawCurrent(visible) {
  const [maxWidth, maxHeight] = [drop.clientWidth, Math.max(240, innerHeight * 0.72)];
  const scale = Math.min(maxWidth / bitmap.width, maxHeight / bitmap.height, Math.max(1, 320 / bitmap.width));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const unit = devicePixelRatio || 1;
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  [canvas.width, canvas.height] = [Math.round(width * unit), Math.round(height * unit)];
  paint(canvas, bitmap, visible, { unit, marked });
  paintZones(canvas, settings.editor.zones, settings.editor.draft, unit);
}

// ---- Table and classes

function dot(classID) {
  const mark = document.createElement("span");
  mark.className = "dot";
  mark.style.background = color(classID);
  return mark;
}

function renderRows(visible) {
  const rows = visible.map((found, index) => {
    const row = document.createElement("tr");
    row.tabIndex = 0;
    const { x1, y1, x2, y2 } = found.box;
    const box = [x1, y1, x2, y2].map(Math.round).join(", ");
    for (const text of [found.label, percent(found.score), box]) {
      row.appendChild(document.createElement("td")).textContent = text;
    }
    row.firstChild.prepend(dot(found.class_id));
    row.addEventListener("pointerenter", () => mark(index));
    row.addEventListener("pointerleave", () => mark(null));
    row.addEventListener("focus", () => mark(index));
    row.addEventListener("blur", () => mark(null));
    return row;
  });
  element("rows").replaceChildren(...rows);
}

// Highlights a row and its box.
function mark(index) {
  if (index === marked) return;
  marked = index;
  [...element("rows").children].forEach((row, at) => row.classList.toggle("marked", at === index));
  if (!canvas.hidden) drawCurrent(visibleDetections());
}

function renderClasses() {
  const counts = new Map();
  const least = Number(threshold.value);
  for (const found of current?.state === "done" ? current.answer.detections : []) {
    if (found.score < least) continue;
    const known = counts.get(found.label) ?? { count: 0, id: found.class_id };
    counts.set(found.label, { ...known, count: known.count + 1 });
  }
  const labels = [...counts].map(([label, { count, id }]) => {
    const item = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = label;
    box.checked = !hiddenClasses.has(label);
    item.append(box, dot(id), `${label} ${count}`);
    return item;
  });
  const list = element("classes");
  const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
  list.replaceChildren(list.firstElementChild, ...labels);
  list.hidden = labels.length === 0;
  if (focused !== null) [...list.querySelectorAll("input")].find((box) => box.value === focused)?.focus();
}

// ---- The strip of images

async function makeThumbnail(image) {
  const small = await createImageBitmap(image.picture, { resizeHeight: 144, resizeQuality: "medium" }).catch(() => null);
  if (!small) return;
  image.thumbnail = document.createElement("canvas");
  [image.thumbnail.width, image.thumbnail.height] = [small.width, small.height];
  image.thumbnail.getContext("2d").drawImage(small, 0, 0);
  small.close();
}

function renderStrip() {
  const strip = element("strip");
  strip.hidden = images.length < 2;
  if (strip.hidden) return strip.replaceChildren();
  const focused = images.find((image) => image.button === document.activeElement);
  const items = images.map((image) => {
    if (!image.button) {
      image.button = document.createElement("button");
      image.button.type = "button";
      image.button.addEventListener("click", () => show(image).then(work));
    }
    const { button, state } = image;
    const words = { waiting: "waiting", busy: "detecting", failed: "failed" };
    button.setAttribute("aria-label", [image.name, words[state]].filter(Boolean).join(", "));
    button.setAttribute("aria-current", String(image === current));
    button.classList.toggle("failed", state === "failed");
    button.replaceChildren(state === "failed" ? "!" : image.thumbnail ?? "…");
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  strip.replaceChildren(...items);
  focused?.button.focus();
}

// ---- Downloads and the command line

function save(blob, suffix) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${current.name.replace(/\.[^.]*$/, "")}-detections.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

element("save-image").addEventListener("click", () => {
  const full = document.createElement("canvas");
  [full.width, full.height] = [bitmap.width, bitmap.height];
  paint(full, bitmap, visibleDetections(), { unit: Math.max(1, Math.sqrt(full.width * full.height) / 700) });
  full.toBlob((blob) => blob && save(blob, "jpg"), "image/jpeg", 0.92);
});
element("save-json").addEventListener("click", () => {
  const shown = { ...current.answer, detections: visibleDetections() };
  save(new Blob([JSON.stringify(shown, null, 2)], { type: "application/json" }), "json");
});

function renderCurl() {
  const score = settings.profile ? undefined : threshold.value;
  const path = detectPath({ score_threshold: score, model: choice.value || undefined, ...settings.parameters() });
  const bearer = key.value ? " -H 'Authorization: Bearer KEY'" : "";
  element("curl").textContent = `curl --data-binary @image.jpg${bearer} '${new URL(path, document.baseURI)}'`;
}

copyOnClick("copy", "curl");

// ---- Profiles, slices and zones

let profileName;

function settingsChanged() {
  // Another profile shows what it lets through.
  if (settings.profile?.name !== profileName) {
    profileName = settings.profile?.name;
    threshold.value = settings.lowestScore ?? 0.25;
    element("threshold-value").textContent = percent(threshold.value);
    hiddenClasses.clear();
  }
  renderCurl();
  again(() => true);
}

async function loadProfiles() {
  try {
    settings.setProfiles(await profiles(key.value));
  } catch {
    // Without a key the profiles are not shown.
  }
}

// ---- Models and keys

// Without a key the models are not shown: the list of them needs one as well.
async function loadModels() {
  let list;
  try {
    list = await models(key.value);
  } catch {
    return;
  }
  const chosen = choice.value;
  choice.replaceChildren(...list.map(({ name }, index) => new Option(name, index === 0 ? "" : name)));
  if (list.some(({ name }) => name === chosen)) choice.value = chosen;
  element("model-row").hidden = list.length < 2;
  const showNote = () => {
    const note = list[choice.selectedIndex]?.note;
    element("note").textContent = note ?? "";
    element("note").hidden = !note;
  };
  choice.onchange = () => {
    showNote();
    renderCurl();
    again(() => true);
  };
  showNote();
}

element("key-row").addEventListener("submit", async (event) => {
  event.preventDefault();
  renderCurl();
  await Promise.all([loadModels(), loadProfiles()]);
  element("key-row").hidden = true;
  again((image) => image.error?.needsKey);
});

// ---- Input

threshold.addEventListener("input", () => {
  element("threshold-value").textContent = percent(threshold.value);
  marked = null;
  renderCurl();
  render();
});
element("classes").addEventListener("change", ({ target }) => {
  if (target.checked) hiddenClasses.delete(target.value);
  else hiddenClasses.add(target.value);
  marked = null;
  render();
});
canvas.addEventListener("pointermove", (event) => {
  if (current?.state !== "done" || settings.editor.isBusy) return;
  const scale = bitmap.width / canvas.clientWidth;
  mark(boxAt(event.offsetX * scale, event.offsetY * scale, visibleDetections()));
});
canvas.addEventListener("pointerleave", () => mark(null));

element("file").addEventListener("change", ({ target }) => {
  add(target.files);
  target.value = ""; // so that the same file can be chosen again
});
addEventListener("paste", (event) => add(event.clipboardData.files));
addEventListener("dragover", (event) => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault(); // else the browser leaves the page for the file
  drop.classList.remove("over");
  add(event.dataTransfer.files);
});

element("sample").addEventListener("click", async () => {
  try {
    add([new File([await sample()], "street.png", { type: "image/png" })]);
  } catch (error) {
    element("status").textContent = error.message;
    element("status").classList.add("error");
  }
});

let isCameraOpen = false;
const camera = new Camera(element("video"), (isOpen) => {
  isCameraOpen = isOpen;
  element("camera").textContent = isOpen ? "Cancel" : "Use the camera";
  element("shoot").hidden = !isOpen;
  render();
});
element("camera").addEventListener("click", async () => {
  if (isCameraOpen) return camera.close();
  const problem = await camera.open();
  element("camera-note").textContent = problem ?? "";
  element("camera-note").hidden = problem === null;
  render();
});
element("shoot").addEventListener("click", async () => {
  const photo = await camera.takePhoto();
  if (photo) add([new File([photo], "photo.jpg", { type: "image/jpeg" })]);
});
addEventListener("resize", () => render());

renderCurl();
loadModels();
loadProfiles();
