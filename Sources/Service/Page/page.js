// The page of the service: sends an image and draws the detections. One request returns all scores above the minimum of
// the slider; moving the slider only filters.

const lowest = 0.05;
const element = (id) => document.getElementById(id);
const canvas = element("canvas");
const threshold = element("threshold");
const key = element("key");
let shown = null; // { bitmap, detections }
let waiting = null; // the image that was rejected for lack of a key

// Colours of classes, the same as in images that the server draws (Palette.swift).
const palette = (
  "fc444a 1983fb 78d878 febf12 a361fb fc8731 17d0d8 fd3ab3 fcb5f9 309909 b813a0 ac7d1b 95a3fc 009eaf 5e42fe cb1043 " +
  "5dff2b fc85ad e573ff 92ac18 38f7db 9a0ee3 e128f2 d2e609 c263b7 0db98e 10c72e ffae85 02a9f7 d3ad1b de6e29 92f392 " +
  "1d966d 72e3ff 8184f1 e6688d 4ee11b c8aefa fc91ee ba80ea 69c1fc b9cb11 cf901c 839007 e17aca 4aaa4d fed081 21b8d0 " +
  "0a8fd1 fd736f c60373 fe4aed 30e3b9 08f17e fda6c6 10d095 fe3181 cd93ff 70c35d c761fc fb9892 fd9f07 dc5d63 a76ed6 " +
  "a2e326 f0d947 fd65b2 4992f2 ff6a0d 870dfe a5931b 7ccb05 f307d3 0ac5b4 1bf5b1 29a895 fc78e1 a913c5 1de6e8 15bd63"
).split(" ");
const color = (index) => `#${palette[index % palette.length]}`;

// Black or white: the contrast of text to its colour is at least 4.5 (WCAG 2.2, 1.4.3).
function ink(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = parseInt(color.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5 ? "white" : "black";
}

function setStatus(text, isError = false) {
  element("status").textContent = text;
  element("status").classList.toggle("error", isError);
}

function draw() {
  if (!shown) return;
  const least = Number(threshold.value);
  const visible = shown.detections.filter((found) => found.score >= least);
  canvas.width = shown.bitmap.width;
  canvas.height = shown.bitmap.height;
  const context = canvas.getContext("2d");
  context.drawImage(shown.bitmap, 0, 0);
  const unit = Math.max(1, Math.min(canvas.width, canvas.height) / 300);
  context.lineWidth = 1.5 * unit;
  context.font = `${11 * unit}px system-ui, sans-serif`;
  context.textBaseline = "top";
  for (const found of [...visible].reverse()) {
    const { x1, y1, x2, y2 } = found.box;
    const label = `${found.label} ${Math.round(found.score * 100)}%`;
    context.strokeStyle = context.fillStyle = color(found.class_id);
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    const height = 15 * unit;
    const top = y1 >= height ? y1 - height : y1;
    context.fillRect(x1, top, context.measureText(label).width + 6 * unit, height);
    context.fillStyle = ink(color(found.class_id));
    context.fillText(label, x1 + 3 * unit, top + 2 * unit);
  }
  canvas.hidden = false;
  element("hint").hidden = true;

  const rows = visible.map((found) => {
    const row = document.createElement("tr");
    const box = [found.box.x1, found.box.y1, found.box.x2, found.box.y2].map(Math.round).join(", ");
    for (const text of [found.label, found.score.toFixed(2), box]) {
      row.appendChild(document.createElement("td")).textContent = text;
    }
    return row;
  });
  element("rows").replaceChildren(...rows);
  element("table").hidden = rows.length === 0;
  const names = visible.map((found) => found.label).join(", ");
  setStatus(rows.length === 0 ? "Nothing with this score." : `${rows.length} found.`);
  canvas.setAttribute("aria-label", names ? `Image with ${names}` : "Image without objects of this score");
}

async function detect(blob) {
  if (!blob) return;
  setStatus("Detecting …");
  try {
    const headers = { "Content-Type": "application/octet-stream", Accept: "application/json" };
    if (key.value) headers.Authorization = `Bearer ${key.value}`;
    const response = await fetch(`/detect?score_threshold=${lowest}`, { method: "POST", headers, body: blob });
    const answer = await response.json();
    if (response.status === 401) {
      waiting = blob;
      element("key-row").hidden = false;
      key.focus();
    }
    if (!response.ok) throw new Error(answer.detail ?? answer.title);
    element("key-row").hidden = true;
    const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
    shown = { bitmap, detections: answer.detections };
    const time = answer.timing_ms;
    element("model").textContent = `${answer.model.name}, ${answer.model.input.width} × ${answer.model.input.height}`;
    element("timing").textContent =
      `${time.total.toFixed(1)} ms: decode ${time.decode.toFixed(1)}, prepare ${time.preprocess.toFixed(1)}, ` +
      `wait ${time.queue.toFixed(1)}, network ${time.inference.toFixed(1)}`;
    draw();
  } catch (error) {
    setStatus(error.message, true);
  }
}

function showCurl() {
  const url = `${location.origin}/detect?score_threshold=${threshold.value}`;
  const bearer = key.value ? " -H 'Authorization: Bearer KEY'" : "";
  element("curl").textContent = `curl --data-binary @image.jpg${bearer} '${url}'`;
}

threshold.addEventListener("input", () => {
  element("threshold-value").textContent = Number(threshold.value).toFixed(2);
  showCurl();
  draw();
});
element("key-row").addEventListener("submit", (event) => {
  event.preventDefault();
  showCurl();
  showNote();
  detect(waiting);
});
element("file").addEventListener("change", (event) => detect(event.target.files[0]));
addEventListener("paste", (event) => detect([...event.clipboardData.files][0]));
const drop = element("drop");
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  detect(event.dataTransfer.files[0]);
});

element("sample").addEventListener("click", async () => {
  try {
    const response = await fetch("/sample.png");
    if (!response.ok) throw new Error(`The sample image cannot be loaded (${response.status}).`);
    detect(await response.blob());
  } catch (error) {
    setStatus(error.message, true);
  }
});

// What users of the model must know. Without a key it is not shown: the list of models needs one as well.
async function showNote() {
  const headers = key.value ? { Authorization: `Bearer ${key.value}` } : {};
  const response = await fetch("/v1/models", { headers });
  if (!response.ok) return;
  const [first] = (await response.json()).models;
  element("note").textContent = first?.note ?? "";
  element("note").hidden = !first?.note;
}

const video = element("video");
element("camera").addEventListener("click", async () => {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    await video.play();
    video.hidden = element("shoot").hidden = false;
  } catch {
    setStatus("There is no camera, or this page may not use it (browsers ask for https).", true);
  }
});
element("shoot").addEventListener("click", () => {
  const still = document.createElement("canvas");
  still.width = video.videoWidth;
  still.height = video.videoHeight;
  still.getContext("2d").drawImage(video, 0, 0);
  for (const track of video.srcObject.getTracks()) track.stop();
  video.hidden = element("shoot").hidden = true;
  still.toBlob(detect, "image/jpeg", 0.92);
});
element("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(element("curl").textContent);
  setStatus("Copied.");
});
showCurl();
showNote();
