"""Uses the controls of the page as a person does: keys, models, downloads, the keyboard.

    python3 Tests/Integration/Clients/page_controls.py http://localhost:8080 KEY http://localhost:8081

The first service requires KEY and serves YOLOX-Nano twice, the second time as `spare`; the second one has the demo network and no key. Needs chromium and, from PyPI, websocket-client and
pillow. Exits with 1 at the first thing that is not as it should be.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from browser import Browser

STREET = Path(__file__).resolve().parents[3] / "docs/images/street.png"
WRONG_KEY = "not-the-key-of-this-service"
# Visible elements with an outline, which only focus gives.
RINGS = """[...document.querySelectorAll("*")].filter((element) => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && style.opacity !== "0";
}).map((element) => element.id || element.className || element.tagName).join()"""
# Holds the next request for detections until release() is called.
HOLD = """
  const original = fetch;
  let isFirst = true;
  window.fetch = async (path, ...rest) => {
    const isHeld = isFirst && String(path).startsWith("detect");
    if (isHeld) isFirst = false;
    if (isHeld) await new Promise((resolve) => window.release = resolve);
    return original(path, ...rest);
  }"""


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"page_controls: {what}: not as expected {shown}")
    print(f"ok  {what}")


def text(browser, name):
    return browser.evaluate(f"document.getElementById('{name}').textContent")


def is_hidden(browser, name):
    return browser.evaluate(f"document.getElementById('{name}').hidden")


def click(browser, selector):
    """With a mouse, on the first element that matches."""
    spot = browser.evaluate(
        f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{ block: 'center' }});"
        " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)


def tab(browser):
    for kind in ("rawKeyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)


def use_key(browser, key):
    browser.evaluate(f"document.getElementById('key').value = {json.dumps(key)}")
    click(browser, "#key-row button")


def set_threshold(browser, value):
    browser.evaluate(f"(() => {{ const t = document.getElementById('threshold'); t.value = {value};"
                     " t.dispatchEvent(new Event('input')) })()")


def keys(browser, address, key):
    browser.open(address)
    browser.until("document.getElementById('curl').textContent")
    expect("no key is asked for before one is needed", is_hidden(browser, "key-row"))
    click(browser, "#sample")
    browser.until("document.getElementById('status').textContent === 'The service needs an API key.'")
    expect("a key is asked for", not is_hidden(browser, "key-row"))
    expect("the key can be typed at once", browser.evaluate("document.activeElement.id") == "key")
    use_key(browser, WRONG_KEY)
    browser.until("document.getElementById('status').textContent === 'This API key is not valid.'")
    expect("a wrong key is asked for again", not is_hidden(browser, "key-row") and is_hidden(browser, "table"))
    expect("no model is offered without a key", is_hidden(browser, "model-row"))
    use_key(browser, key)
    found = browser.found()
    expect("the right key shows the detections", "bus" in found and is_hidden(browser, "key-row"), found)
    command = text(browser, "curl")
    expect("the command names the place of the key, not the key", "Bearer KEY" in command and key not in command, command)
    # The console notes every response of 401.
    browser.problems.clear()


def models(browser):
    options = browser.evaluate("[...document.getElementById('model-choice').options].map((option) => option.text).join()")
    expect("the models are offered", options == "yolox-nano,spare" and not is_hidden(browser, "model-row"), options)
    expect("no warning for the weights of the paper", is_hidden(browser, "note") and "yolox-nano" in text(browser, "model"))
    browser.evaluate(HOLD)
    choose = "(() => { const c = document.getElementById('model-choice'); c.value = VALUE; c.dispatchEvent(new Event('change')) })()"
    browser.evaluate(choose.replace("VALUE", "'spare'"))
    browser.until("window.release !== undefined")
    # The response of this model comes when the other one has been chosen again.
    browser.evaluate(choose.replace("VALUE", "''"))
    browser.evaluate("release()")
    browser.until("document.getElementById('status').textContent.includes('found')")
    time.sleep(0.5)
    expect("a late answer of another model is dropped", text(browser, "model").startswith("yolox-nano,"), text(browser, "model"))
    browser.evaluate(choose.replace("VALUE", "'spare'"))
    browser.until("document.getElementById('model').textContent.startsWith('spare,')")
    expect("another model detects", browser.found() != "" and "model=spare" in text(browser, "curl"))
    browser.evaluate(choose.replace("VALUE", "''"))
    browser.until("document.getElementById('model').textContent.startsWith('yolox-nano,')")


def warning(browser, address):
    browser.open(address)
    browser.until("!document.getElementById('note').hidden")
    expect("the demo network comes with a warning", "demo network" in text(browser, "note") and "weights fetch" in text(browser, "note"))
    click(browser, "#sample")
    expect("and detects in the sample", "bus" in browser.found())


def download(browser, button, folder, name):
    """The file that a button saves."""
    click(browser, f"#{button}")
    file = folder / name
    for _ in range(100):
        if file.exists() and file.stat().st_size > 0 and not list(folder.glob("*.crdownload")):
            return file
        time.sleep(0.1)
    sys.exit(f"page_controls: {button} saved {[path.name for path in folder.iterdir()]}, not {name}")


def downloads(browser, folder):
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    set_threshold(browser, 0.5)
    everything = browser.found().split(",")
    click(browser, "#classes input[value=bus]")
    browser.until("!document.getElementById('rows').textContent.includes('bus')")
    rows = browser.evaluate(
        "[...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((cell) => cell.textContent))")
    saved = json.loads(download(browser, "save-json", folder, "street-detections.json").read_text())
    shown = [[found["label"], f"{found['score'] * 100:.0f}%"] for found in saved["detections"]]
    expect("the JSON has what the table has", shown and [row[:2] for row in rows] == shown, (rows, shown))
    expect("the JSON has less than before the filter", "bus" in everything and len(shown) < len(everything))
    expect("the JSON has image, model and times", saved["image"] == {"width": 960, "height": 640}
           and saved["model"]["name"] == "yolox-nano" and saved["timing_ms"]["total"] > 0, saved)
    drawn = Image.open(download(browser, "save-image", folder, "street-detections.jpg")).convert("RGB")
    source = Image.open(STREET).convert("RGB")
    expect("the drawn image has the size of the image", drawn.size == source.size, drawn.size)
    for found in saved["detections"]:
        colour = browser.evaluate(f"import('./page-drawing.js').then(({{ color }}) => color({found['class_id']}))")
        wanted = [int(colour[at:at + 2], 16) for at in (1, 3, 5)]
        middle = int((found["box"]["y1"] + found["box"]["y2"]) / 2)
        edge = int(found["box"]["x2"])
        near = min(max(abs(a - b) for a, b in zip(drawn.getpixel((x, middle)), wanted))
                   for x in range(edge - 2, edge + 3) if 0 <= x < 960)
        expect(f"the drawn image has the box of the {found['label']}", near < 60, (near, wanted))
    corner = [drawn.getpixel((4, y)) for y in (4, 320)]
    plain = [source.getpixel((4, y)) for y in (4, 320)]
    expect("the drawn image is the image elsewhere", max(abs(a - b) for c, p in zip(corner, plain) for a, b in zip(c, p)) < 12, (corner, plain))
    click(browser, "#classes input[value=bus]")


def focus(browser, address, key, folder):
    browser.open(address)
    browser.choose(STREET, STREET.with_name("page.png"))
    browser.until("document.getElementById('status').classList.contains('error')")
    use_key(browser, key)
    browser.until("document.querySelectorAll('#strip canvas').length === 2")
    browser.found()
    browser.problems.clear()
    for selector in ["#sample", "#classes input", "#rows tr", "#strip button", "#save-json", "#copy"]:
        click(browser, selector)
        time.sleep(0.3)
        rings = browser.evaluate(RINGS)
        expect(f"no ring after a click on {selector}", rings == "", rings)
    # Where the keyboard begins after a click is up to the browser: begin anew.
    browser.call("Page.bringToFront")
    browser.evaluate("document.activeElement.blur(); scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus()")
    seen, places = [], set()
    for _ in range(60):
        tab(browser)
        place = browser.evaluate("document.activeElement === document.body ? '' : document.activeElement.id || document.activeElement.closest('[id]').id")
        if not place:
            break
        rings = browser.evaluate(RINGS).split(",")
        ring = "button" if place == "file" else browser.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.tagName")
        visible = browser.evaluate("(() => { const r = document.activeElement.getBoundingClientRect(); return r.bottom > 0 && r.top < innerHeight })()")
        if not visible or rings != [ring]:
            browser.shoot(folder / "focus.png")
            sys.exit(f"page_controls: keyboard focus of {place}: rings {rings}, visible {visible}")
        seen.append(place)
        places.add(place)
    wanted = {"file", "sample", "camera", "strip", "model-choice", "threshold", "classes", "rows", "save-image", "save-json", "copy"}
    expect("the keyboard reaches every control, each with its own ring", wanted <= places, wanted - places)
    order = [place for at, place in enumerate(seen) if at == 0 or seen[at - 1] != place]
    expect("in the order of the page, once", len(order) == len(set(order)) and order[0] == "file", order)


def without_camera(browser):
    click(browser, "#camera")
    browser.until("!document.getElementById('camera-note').hidden")
    expect("a missing camera is explained", "camera" in text(browser, "camera-note"), text(browser, "camera-note"))
    expect("and can be tried again", text(browser, "camera") == "Use the camera" and is_hidden(browser, "shoot"))


def without_https(address):
    """By another name than localhost, the page has neither clipboard nor camera."""
    browser = Browser(1100, 900, "--host-resolver-rules=MAP yolox.test 127.0.0.1")
    try:
        browser.open(f"http://yolox.test:{urlsplit(address).port}/")
        browser.until("document.getElementById('curl').textContent")
        browser.call("Page.bringToFront")
        click(browser, "#copy")
        browser.until("document.getElementById('copy').textContent === 'Copied'")
        rings = browser.evaluate(RINGS)
        expect("no ring after a copy without https", rings == "", rings)
        click(browser, "#camera")
        browser.until("!document.getElementById('camera-note').hidden")
        expect("the camera's need of https is explained", "https" in text(browser, "camera-note"))
    finally:
        browser.close()


def main():
    address, key, demo = sys.argv[1] + "/", sys.argv[2], sys.argv[3] + "/"
    browser = Browser(1100, 900)
    try:
        with tempfile.TemporaryDirectory() as folder:
            keys(browser, address, key)
            models(browser)
            downloads(browser, Path(folder))
            focus(browser, address, key, Path(folder))
            without_camera(browser)
            warning(browser, demo)
            expect("nothing in the console", not browser.problems, browser.problems)
    finally:
        browser.close()
    without_https(address)


main()
