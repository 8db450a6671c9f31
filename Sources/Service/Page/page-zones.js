// Zones: polygons of points in fractions of the image's sides, as the parameters include_zones and exclude_zones have them.

export const maxZones = 32;
const maxPoints = 64;
// In pixels of the screen: what counts as the same place for a finger or a mouse.
const reach = 14;

// Polygons from either spelling of a parameter: a text, or lists of numbers or of points.
export function parse(value) {
  const polygons = typeof value === "string" ? value.split(";").filter((text) => text.trim() !== "") : value ?? [];
  return polygons.map((polygon) => {
    const numbers = (typeof polygon === "string" ? polygon.split(",") : polygon.flat()).map(Number);
    const points = [];
    for (let at = 0; at + 1 < numbers.length; at += 2) points.push([numbers[at], numbers[at + 1]]);
    return points;
  });
}

export const text = (polygons) => polygons.map((points) => points.flat().join(",")).join(";");

// Which side of the line from a to b the point c is on.
const side = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
const lies = (c, a, b) => [0, 1].every((axis) => Math.min(a[axis], b[axis]) <= c[axis] && c[axis] <= Math.max(a[axis], b[axis]));
const meet = (a, b, c, d) =>
  (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) ||
  (side(a, b, c) === 0 && lies(c, a, b)) || (side(a, b, d) === 0 && lies(d, a, b)) ||
  (side(c, d, a) === 0 && lies(a, c, d)) || (side(c, d, b) === 0 && lies(b, c, d));

// Why the service would reject a polygon, or null.
export function problem(points) {
  if (points.length < 3) return "A zone needs at least three points.";
  if (points.length > maxPoints) return `A zone has at most ${maxPoints} points.`;
  if (!points.flat().every((share) => share >= 0 && share <= 1)) return "The numbers of a zone are x,y,x,y,… from 0 to 1.";
  const edges = points.map((point, index) => [point, points[(index + 1) % points.length]]);
  const isCrossed = edges.some(([a, b], first) =>
    edges.some(([c, d], second) => second > first + 1 && (second + 1) % edges.length !== first && meet(a, b, c, d)));
  return isCrossed ? "The sides of a zone must not cross or touch each other." : null;
}

const strokes = { include: "#7fd4ff", exclude: "#ff8a80" };

function trace(context, canvas, points, isClosed) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x * canvas.width, y * canvas.height);
  if (isClosed) context.closePath();
}

// Draws zones over an image: included ones as lines, excluded ones dashed and darkened. `draft` is one that is being drawn.
export function paintZones(canvas, zones, draft, unit) {
  const context = canvas.getContext("2d");
  for (const { kind, points } of draft ? [...zones, draft] : zones) {
    const isClosed = points !== draft?.points;
    trace(context, canvas, points, isClosed);
    context.fillStyle = kind === "exclude" ? "rgb(90 0 0 / 40%)" : "rgb(0 90 140 / 15%)";
    if (isClosed) context.fill();
    context.setLineDash(kind === "exclude" ? [6 * unit, 4 * unit] : []);
    // A dark line below the light one, so that it is visible on any image.
    for (const [style, width] of [["rgb(0 0 0 / 60%)", 4 * unit], [strokes[kind], 2 * unit]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
    context.setLineDash([]);
    for (const [x, y] of points) {
      context.beginPath();
      context.arc(x * canvas.width, y * canvas.height, 5 * unit, 0, 2 * Math.PI);
      context.fillStyle = strokes[kind];
      context.strokeStyle = "black";
      context.lineWidth = unit;
      context.fill();
      context.stroke();
    }
  }
}

// Draws a new zone with clicks, drags or a finger, and moves the points of those that are there.
export class ZoneEditor {
  zones = []; // { kind: "include" | "exclude", points }
  draft = null;
  #canvas;
  #grabbed = null; // { points, index, isMoved }
  #redraw;
  #changed;

  // `redraw` is called for every step, `changed` once a zone is another one than before.
  constructor(canvas, redraw, changed) {
    this.#canvas = canvas;
    this.#redraw = redraw;
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.#up());
    // A finger on a point moves that, and not the page.
    canvas.addEventListener("touchstart", (event) => {
      const touch = event.touches[0];
      if (this.draft || this.#grabAt(touch)) event.preventDefault();
    }, { passive: false });
  }

  get isBusy() {
    return this.draft !== null || this.#grabbed !== null;
  }

  begin(kind) {
    this.draft = { kind, points: [] };
    this.#redraw();
  }

  // Closes the zone that is being drawn; one with too few points is dropped.
  finish() {
    const draft = this.draft;
    this.draft = this.#grabbed = null;
    if (draft && draft.points.length >= 3) {
      this.zones.push(draft);
      this.#changed();
    }
    this.#redraw();
  }

  undo() {
    this.draft?.points.pop();
    this.#redraw();
  }

  cancel() {
    this.draft = this.#grabbed = null;
    this.#redraw();
  }

  #place({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    const share = (value, side) => Math.min(1, Math.max(0, Math.round((value / side) * 10_000) / 10_000));
    return [share(clientX - box.left, box.width), share(clientY - box.top, box.height)];
  }

  #isNear(point, { clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = [box.left + point[0] * box.width, box.top + point[1] * box.height];
    return Math.hypot(x - clientX, y - clientY) <= reach;
  }

  #grabAt(place) {
    for (const { points } of this.zones) {
      const index = points.findIndex((point) => this.#isNear(point, place));
      if (index >= 0) return { points, index, isMoved: false };
    }
    return null;
  }

  #down(event) {
    if (event.button !== 0) return;
    if (this.draft) {
      const { points } = this.draft;
      if (points.length >= 3 && this.#isNear(points[0], event)) return this.finish();
      if (points.length >= maxPoints) return;
      points.push(this.#place(event));
      this.#grabbed = { points, index: points.length - 1, isMoved: false };
    } else {
      this.#grabbed = this.#grabAt(event);
    }
    if (!this.#grabbed) return;
    this.#canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.#redraw();
  }

  #move(event) {
    if (!this.#grabbed) return;
    this.#grabbed.points[this.#grabbed.index] = this.#place(event);
    this.#grabbed.isMoved = true;
    this.#redraw();
  }

  #up() {
    const isChanged = this.#grabbed?.isMoved && !this.draft;
    this.#grabbed = null;
    if (isChanged) this.#changed();
  }
}
