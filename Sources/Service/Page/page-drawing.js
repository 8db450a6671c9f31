// Draws boxes and labels on a canvas, and finds the box at a point.

// Colours of classes, the same as in images that the server draws (Palette.swift).
const palette = (
  "fc444a 1983fb 78d878 febf12 a361fb fc8731 17d0d8 fd3ab3 fcb5f9 309909 b813a0 ac7d1b 95a3fc 009eaf 5e42fe cb1043 " +
  "5dff2b fc85ad e573ff 92ac18 38f7db 9a0ee3 e128f2 d2e609 c263b7 0db98e 10c72e ffae85 02a9f7 d3ad1b de6e29 92f392 " +
  "1d966d 72e3ff 8184f1 e6688d 4ee11b c8aefa fc91ee ba80ea 69c1fc b9cb11 cf901c 839007 e17aca 4aaa4d fed081 21b8d0 " +
  "0a8fd1 fd736f c60373 fe4aed 30e3b9 08f17e fda6c6 10d095 fe3181 cd93ff 70c35d c761fc fb9892 fd9f07 dc5d63 a76ed6 " +
  "a2e326 f0d947 fd65b2 4992f2 ff6a0d 870dfe a5931b 7ccb05 f307d3 0ac5b4 1bf5b1 29a895 fc78e1 a913c5 1de6e8 15bd63"
).split(" ");
export const color = (index) => `#${palette[index % palette.length]}`;

// Black or white: the contrast of text to its colour is at least 4.5 (WCAG 2.2, 1.4.3).
export function ink(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = parseInt(color.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5 ? "white" : "black";
}

// Labels, scores and all other shares are whole per cents.
export const percent = (share) => `${Math.round(share * 100)}%`;

const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// The first free place at a box for a label: above, inside, below, along the sides, and at some distance. The best labels
// come first; one without a free place is left out rather than drawn over another one.
function place(size, box, image, taken) {
  const { width, height } = size;
  const [left, right] = [box.x1, box.x2 - width];
  const candidates = [
    [left, box.y1 - height], [left, box.y1], [left, box.y2], [right, box.y1 - height], [right, box.y1], [right, box.y2],
    [left, box.y2 - height], [right, box.y2 - height], [box.x2, box.y1], [box.x1 - width, box.y1],
  ];
  const step = Math.max(height, (box.y2 - box.y1) / 8);
  for (let y = box.y1 + step; y < box.y2 - height; y += step) candidates.push([left, y], [right, y]);
  for (const distance of [height, 2 * height]) {
    candidates.push([left, box.y1 - height - distance], [left, box.y2 + distance]);
  }
  for (const [x, y] of candidates) {
    if (y < 0 || y + height > image.height) continue;
    const start = Math.max(0, Math.min(x, image.width - width));
    const label = { left: start, top: y, right: start + width, bottom: y + height };
    if (!taken.some((other) => overlaps(label, other))) return label;
  }
  return null;
}

// Draws the bitmap and its detections, the best first, in the size of the canvas. `unit` is the size of a pixel of the screen in
// pixels of the canvas: text and lines are equally large in a window and in a download.
export function paint(canvas, bitmap, detections, { unit, marked = null }) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / bitmap.width;
  context.fillStyle = "white"; // behind transparent images, as in the server
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const boxes = detections.map(({ box }) => ({
    x1: box.x1 * scale, y1: box.y1 * scale, x2: box.x2 * scale, y2: box.y2 * scale,
  }));
  const line = 2 * unit;
  const order = detections.map((_, index) => index).reverse();
  if (marked !== null) order.push(marked);
  for (const index of order) {
    const { x1, y1, x2, y2 } = boxes[index];
    context.globalAlpha = marked === null || marked === index ? 1 : 0.3;
    // A dark line below the coloured one, so that the box is visible on any image.
    for (const [style, width] of [["rgb(0 0 0 / 45%)", line + 2 * unit], [color(detections[index].class_id), line]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  }
  context.font = `600 ${13 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const taken = [];
  const first = marked === null ? [] : [marked];
  for (const index of [...first, ...detections.keys()]) {
    if (taken.length > 0 && index === marked) continue;
    const found = detections[index];
    const text = `${found.label} ${percent(found.score)}`;
    const width = Math.min(context.measureText(text).width + 10 * unit, canvas.width);
    const label = place({ width, height: 20 * unit }, boxes[index], canvas, taken);
    if (!label) continue;
    taken.push(label);
    context.globalAlpha = marked === null || marked === index ? 1 : 0.3;
    context.fillStyle = color(found.class_id);
    context.beginPath();
    context.roundRect(label.left, label.top, width, 20 * unit, 3 * unit);
    context.fill();
    context.fillStyle = ink(color(found.class_id));
    context.fillText(text, label.left + 5 * unit, label.top + 10.5 * unit, width - 10 * unit);
  }
  context.globalAlpha = 1;
}

// The index of the smallest box at a point of the image, or null.
export function boxAt(x, y, detections) {
  const area = ({ box }) => (box.x2 - box.x1) * (box.y2 - box.y1);
  let best = null;
  detections.forEach((found, index) => {
    const { x1, y1, x2, y2 } = found.box;
    const isInside = x >= x1 && x <= x2 && y >= y1 && y <= y2;
    if (isInside && (best === null || area(found) < area(detections[best]))) best = index;
  });
  return best;
}
