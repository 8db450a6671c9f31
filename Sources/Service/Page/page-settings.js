// The profile, the slices and the zones of the requests, and what they are in the configuration file.

import { maxZones, parse, problem, text, ZoneEditor } from "./page-zones.js";

const element = (id) => document.getElementById(id);
const [profileChoice, slices, match] = ["profile-choice", "slices-choice", "zone-match"].map(element);
const layouts = [...slices.options].map(({ value }) => value);
const matches = [...match.options].map(({ value }) => value);

// Selects a value, which is added if it is none of the list.
function select(choice, value, values) {
  for (const option of [...choice.options]) if (!values.includes(option.value)) option.remove();
  if (!values.includes(value)) choice.add(new Option(value));
  choice.value = value;
}

// Pages without https have no clipboard object.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}

// Makes a button copy the text of an element.
export function copyOnClick(button, source) {
  element(button).addEventListener("click", async ({ target }) => {
    target.textContent = (await copy(element(source).textContent)) ? "Copied" : "Select the text to copy it";
    target.focus();
    setTimeout(() => (target.textContent = "Copy"), 2000);
  });
}

export class Settings {
  editor;
  #profiles = [];
  #redraw;
  #changed;

  // `redraw` is called when only the drawing differs, `changed` when the requests do.
  constructor(canvas, redraw, changed) {
    this.#redraw = () => {
      this.#renderButtons();
      redraw();
    };
    this.#changed = () => {
      this.#render();
      changed();
    };
    this.editor = new ZoneEditor(canvas, this.#redraw, this.#changed);
    for (const kind of ["include", "exclude"]) {
      element(`zone-${kind}`).addEventListener("click", () => {
        this.editor.begin(kind);
        canvas.scrollIntoView({ block: "nearest" });
      });
    }
    element("zone-done").addEventListener("click", () => this.editor.finish());
    element("zone-undo").addEventListener("click", () => this.editor.undo());
    element("zone-cancel").addEventListener("click", () => this.editor.cancel());
    addEventListener("keydown", (event) => {
      if (!this.editor.draft || event.target.matches("input, textarea, select")) return;
      if (event.key === "Escape") this.editor.cancel();
      else if (event.key === "Backspace") this.editor.undo();
      else if (event.key !== "Enter" || event.target.matches("button")) return;
      else this.editor.finish();
      event.preventDefault();
    });
    copyOnClick("copy-profile", "profile-json");
    profileChoice.addEventListener("change", () => this.#choose());
    slices.addEventListener("change", this.#changed);
    match.addEventListener("change", this.#changed);
    this.#render();
  }

  // The chosen profile, or null.
  get profile() {
    return this.#profiles.find(({ name }) => name === profileChoice.value) ?? null;
  }

  // The lowest score that the profile lets through, or null without one.
  get lowestScore() {
    const parameters = this.profile?.parameters;
    if (!parameters) return null;
    const byClass = parameters.score_thresholds ?? {};
    const scores = typeof byClass === "string" ? byClass.split(",").map((pair) => pair.slice(pair.lastIndexOf(":") + 1)) : Object.values(byClass);
    return Math.min(parameters.score_threshold ?? 0.25, ...scores.map(Number));
  }

  // Replaces the list of profiles, and keeps the chosen one if it is still there.
  setProfiles(profiles) {
    this.#profiles = profiles;
    const chosen = profileChoice.value;
    profileChoice.replaceChildren(new Option("none", ""), ...profiles.map(({ name }) => new Option(name)));
    if (profiles.some(({ name }) => name === chosen)) profileChoice.value = chosen;
    element("profile-row").hidden = profiles.length === 0;
    this.#render();
  }

  #choose() {
    const parameters = this.profile?.parameters ?? {};
    this.editor.draft = null;
    this.editor.zones = ["include", "exclude"].flatMap((kind) =>
      parse(parameters[`${kind}_zones`]).map((points) => ({ kind, points })));
    select(slices, parameters.slices ?? "", layouts);
    slices.options[0].text = parameters.slices || parameters.slice_size ? "as in the profile" : "none";
    select(match, `${parameters.zone_match ?? "center"}`, matches);
    this.#changed();
  }

  #polygons(kind) {
    return this.editor.zones.filter((zone) => zone.kind === kind && !problem(zone.points)).map(({ points }) => points);
  }

  // The parameters that differ from those of the profile, as texts.
  parameters() {
    const base = this.profile?.parameters ?? {};
    const parameters = { profile: this.profile?.name };
    if (slices.value !== "" && slices.value !== base.slices) parameters.slices = slices.value;
    for (const kind of ["include", "exclude"]) {
      const [name, zones] = [`${kind}_zones`, text(this.#polygons(kind))];
      if (zones !== text(parse(base[name]))) parameters[name] = zones;
    }
    const hasZones = this.editor.zones.length > 0;
    if (hasZones && match.value !== `${base.zone_match ?? "center"}`) parameters.zone_match = match.value;
    return parameters;
  }

  // Call when an image is shown, or no more.
  imageChanged() {
    this.#renderButtons();
  }

  // As a profile of the configuration file.
  json() {
    const profile = { ...this.profile?.parameters };
    if (slices.value !== "") {
      delete profile.slice_size;
      profile.slices = slices.value;
    }
    for (const kind of ["include", "exclude"]) {
      const polygons = this.#polygons(kind);
      delete profile[`${kind}_zones`];
      if (polygons.length > 0) profile[`${kind}_zones`] = polygons;
    }
    delete profile.zone_match;
    if (this.editor.zones.length > 0) {
      profile.zone_match = Number(match.value) > 0 ? Number(match.value) : match.value;
    }
    return profile;
  }

  // ---- The forms

  #renderButtons() {
    const { draft, zones } = this.editor;
    const isDrawing = draft !== null;
    for (const kind of ["include", "exclude"]) {
      element(`zone-${kind}`).disabled = isDrawing || element("canvas").hidden || zones.length >= maxZones;
    }
    element("zone-tools").hidden = !isDrawing;
    element("zone-done").disabled = !isDrawing || draft.points.length < 3;
    element("zone-undo").disabled = !isDrawing || draft.points.length === 0;
    const fault = zones.map(({ points }) => problem(points)).find(Boolean) ?? "";
    element("zone-hint").textContent = fault;
    element("zone-hint").hidden = fault === "";
    element("canvas").classList.toggle("drawing", isDrawing);
  }

  #render() {
    this.#renderButtons();
    const { zones } = this.editor;
    element("zones").replaceChildren(...zones.map((zone, index) => this.#row(zone, index)));
    element("zone-match-row").hidden = zones.length === 0;
    const profile = this.json();
    element("profile-json").textContent = JSON.stringify(profile);
    element("profile-json-block").hidden = Object.keys(profile).length === 0;
  }

  // A zone as text, for keyboards and for numbers from elsewhere.
  #row(zone, index) {
    const item = document.createElement("li");
    item.className = "row";
    const field = document.createElement("input");
    field.type = "text";
    field.value = text([zone.points]);
    field.spellcheck = false;
    field.setAttribute("aria-label", `Points of zone ${index + 1}, ${zone.kind}d`);
    field.addEventListener("change", () => {
      zone.points = parse(field.value)[0] ?? [];
      this.#changed();
    });
    const kind = document.createElement("span");
    kind.textContent = zone.kind;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove zone ${index + 1}`);
    remove.addEventListener("click", () => {
      this.editor.zones.splice(this.editor.zones.indexOf(zone), 1);
      this.#changed();
      element("zone-include").focus();
    });
    item.append(kind, field, remove);
    return item;
  }
}
