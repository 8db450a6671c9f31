"""Drives the page of a running service behind nginx, below a path, in light and dark, on a phone and a desk.

    python3 Tests/Integration/Clients/page.py http://localhost:8080 [FOLDER]

The service has the profiles of profiles.json (--config). Writes screenshots to FOLDER. Needs chromium, nginx and, from PyPI, websocket-client and pillow. Exits with 1 at the first thing
that is not as it should be.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from browser import Browser

STREET = Path(__file__).resolve().parents[3] / "docs/images/street.png"
FOUND = {"stop sign", "traffic light", "clock", "bus"}
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 3m;
    location /yolox/ {{ proxy_pass {url}/; }}
    location /gone/detect {{ proxy_pass http://127.0.0.1:1/; }}
    location /gone/ {{ proxy_pass {url}/; }}
  }}
}}
"""
# What the page draws on its canvas, the latest time.
RECORD = """
window.labels = [];
const { drawImage, roundRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.drawImage = function (...values) {
  if (this.canvas.id === "canvas") window.labels = [];
  return drawImage.apply(this, values);
};
CanvasRenderingContext2D.prototype.roundRect = function (...values) {
  if (this.canvas.id === "canvas") window.labels.push(values.slice(0, 4));
  return roundRect.apply(this, values);
};
"""


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"page: {what}: not as expected {shown}")
    print(f"ok  {what}")


@contextlib.contextmanager
def proxy(url):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port, url=url))
        process = subprocess.Popen(["nginx", "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait()


def text(browser, name):
    return browser.evaluate(f"document.getElementById('{name}').textContent")


def view(browser, width, height, scheme):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def done(browser):
    browser.until("/found|Nothing with/.test(document.getElementById('status').textContent)")


def looks(browser, address, folder):
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD)
    for width, height in [(390, 844), (1280, 800)]:
        for scheme in ["light", "dark"]:
            view(browser, width, height, scheme)
            browser.open(address)
            browser.until("document.getElementById('curl').textContent")
            browser.evaluate("document.getElementById('sample').click()")
            found = browser.found()
            name = f"{width} pixels, {scheme}"
            expect(f"{name}: the sample below a path", set(found.split(",")) == FOUND, found)
            expect(f"{name}: no scrolling sideways", browser.evaluate("document.documentElement.scrollWidth") <= width)
            labels = browser.evaluate("JSON.stringify(labels)")
            boxes = json.loads(labels)
            apart = all(
                a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
                for index, a in enumerate(boxes) for b in boxes[:index])
            expect(f"{name}: a label for each box, apart from each other", len(boxes) == len(found.split(",")) and apart, labels)
            size = browser.evaluate("[canvas.clientWidth, canvas.clientHeight].join()")
            expect(f"{name}: the image fits", int(size.split(",")[0]) <= width and int(size.split(",")[1]) <= height, size)
            browser.shoot(folder / f"page-{width}-{scheme}.png")
    contrast = browser.evaluate("""
      import("./page-drawing.js").then(({ color, ink }) => Math.min(...[...Array(80).keys()].map((index) => {
        const light = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
          .map((level) => level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4)
          .reduce((sum, level, at) => sum + level * [0.2126, 0.7152, 0.0722][at], 0);
        const [a, b] = [light(color(index)), ink(color(index)) === "white" ? 1 : 0].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
      })))""")
    expect("labels are readable on every colour", contrast >= 4.5, contrast)
    view(browser, 1280, 800, "light")
    expect("nothing in the console", not browser.problems, browser.problems)


def shapes(browser, address, folder):
    """Tall and wide images, and one that the browser turns otherwise than the service."""
    street = Image.open(STREET).convert("RGB")
    files = {}
    for name, size in [("tall", (300, 2400)), ("wide", (2400, 200))]:
        files[name] = folder / f"{name}.png"
        ImageOps.pad(street, size).save(files[name])
    turned = street.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ["png", "jpg", "webp"]:
        files[f"turned {kind}"] = folder / f"turned.{kind}"
        turned.save(files[f"turned {kind}"], exif=exif)
    for name, file in files.items():
        browser.open(address)
        browser.choose(file)
        done(browser)
        width, height = map(int, browser.evaluate("[canvas.clientWidth, canvas.clientHeight].join()").split(","))
        with Image.open(file) as image:
            seen = ImageOps.exif_transpose(image).size
        expect(f"{name}: the shape is the service's", abs(width / height / (seen[0] / seen[1]) - 1) < 0.03, (width, height, seen))
        expect(f"{name}: it fits", height <= 800 and width <= 1280, (width, height))
        if name.startswith("turned"):
            expect(f"{name}: objects are found", FOUND <= set(browser.found().split(",")))
    browser.evaluate("document.getElementById('threshold').focus()")


def several(browser, address, folder):
    browser.open(address)
    broken = folder / "notes.txt"
    broken.write_text("no image")
    browser.choose(STREET, broken, folder / "wide.png")
    browser.until("document.querySelectorAll('#strip canvas').length === 2 && document.querySelectorAll('#strip .failed').length === 1")
    done(browser)
    everything = browser.evaluate("document.querySelectorAll('#rows tr').length")
    browser.evaluate("document.querySelector('#classes input[value=bus]').click()")
    fewer = browser.found().split(",")
    expect("a class is filtered", "bus" not in fewer and len(fewer) < everything, fewer)
    browser.evaluate("document.querySelector('#classes input[value=bus]').click()")
    browser.evaluate("document.querySelector('#rows tr').dispatchEvent(new PointerEvent('pointerenter'))")
    expect("a row is marked with its box", browser.evaluate("document.querySelectorAll('#rows .marked').length") == 1)
    browser.shoot(folder / "page-several.png")
    browser.evaluate("document.querySelector('#strip .failed').click()")
    browser.until("document.getElementById('status').classList.contains('error')")
    browser.evaluate(
        "(() => { const t = document.getElementById('threshold'); t.value = 0.7; t.dispatchEvent(new Event('input')) })()")
    expect("an error stays, and the old result goes", browser.evaluate(
        "document.getElementById('status').classList.contains('error') && document.getElementById('table').hidden && canvas.hidden"))
    scores = "[...document.querySelectorAll('#rows td:nth-child(2)')].every(cell => /^\\d+%$/.test(cell.textContent))"
    expect("one format of numbers", text(browser, "threshold-value") == "70%" and browser.evaluate(scores))


def rows(browser):
    """The objects in the table: labels, and boxes in pixels of the image."""
    cells = browser.evaluate(
        "JSON.stringify([...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((cell) => cell.textContent)))")
    return [(label, list(map(int, box.split(", ")))) for label, _, box in json.loads(cells)]


def point(browser, share, touch):
    """Presses a point of the image, in fractions of its sides."""
    left, top, width, height = json.loads(browser.evaluate(
        "(() => { const r = canvas.getBoundingClientRect(); return JSON.stringify([r.left, r.top, r.width, r.height]) })()"))
    x, y = left + share[0] * width, top + share[1] * height
    if touch:
        browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    else:
        for kind in ("mousePressed", "mouseReleased"):
            browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def draw(browser, kind, corners, touch):
    browser.evaluate(f"document.getElementById('zone-{kind}').click(); canvas.scrollIntoView({{ block: 'center' }})")
    for corner in corners:
        point(browser, corner, touch)
    browser.evaluate("document.getElementById('zone-done').click()")


def labels_until(browser, condition):
    done = f"/found|Nothing with/.test(document.getElementById('status').textContent) && ({condition})"
    browser.until(done.replace("LABELS", "[...document.querySelectorAll('#rows td:first-child')].map(cell => cell.textContent)"))


def zones(browser, address, folder):
    """Profiles, slices and zones; the service has the profiles of profiles.json."""
    # The console notes every answer of 415, also one that was expected.
    browser.problems.clear()
    width, height = Image.open(STREET).size
    for side, tall, touch in [(390, 844, True), (1280, 800, False)]:
        for scheme in ["light", "dark"]:
            view(browser, side, tall, scheme)
            browser.call("Emulation.setTouchEmulationEnabled", enabled=touch)
            browser.open(address)
            browser.until("document.getElementById('curl').textContent")
            browser.evaluate("document.getElementById('sample').click()")
            browser.found()
            browser.evaluate("document.getElementById('settings').open = true")
            name = f"{side} pixels, {scheme}"
            label, (x1, y1, x2, y2) = next(row for row in rows(browser) if row[0] == "bus")
            around = [(x1 / width, y1 / height), (x2 / width, y1 / height), (x2 / width, y2 / height), (x1 / width, y2 / height)]
            draw(browser, "include", around, touch)
            labels_until(browser, "LABELS.join() === 'bus'")
            written = json.loads(text(browser, "profile-json"))
            apart = max(abs(a - b) for points in zip(written["include_zones"][0], around) for a, b in zip(*points))
            expect(f"{name}: an included zone", apart < 0.01 and "include_zones=" in text(browser, "curl"), written)
            expect(f"{name}: no scrolling sideways", browser.evaluate("document.documentElement.scrollWidth") <= side)
            browser.evaluate("canvas.scrollIntoView()")
            browser.shoot(folder / f"page-zones-{side}-{scheme}.png")
            browser.evaluate("document.getElementById('settings').scrollIntoView()")
            browser.shoot(folder / f"page-settings-{side}-{scheme}.png")

            browser.evaluate("document.querySelector('#zones button').click()")
            labels_until(browser, "LABELS.length > 1")
            draw(browser, "exclude", around, touch)
            labels_until(browser, "!LABELS.includes('bus') && LABELS.length > 0")
            expect(f"{name}: an excluded zone", "exclude_zones=" in text(browser, "curl"))

            field = "document.querySelector('#zones input')"
            browser.evaluate(f"{field}.value = '0,0,1,1,1,0,0,1'; {field}.dispatchEvent(new Event('change'))")
            labels_until(browser, "LABELS.includes('bus')")
            expect(f"{name}: a zone that crosses itself is named, and not sent",
                   "cross" in text(browser, "zone-hint") and "exclude_zones=" not in text(browser, "curl"))

    # A point is moved with the mouse.
    browser.evaluate(f"{field}.value = '0.2,0.2,0.4,0.2,0.4,0.4'; {field}.dispatchEvent(new Event('change'));"
                     "canvas.scrollIntoView({ block: 'center' })")
    done(browser)
    left, top, wide, high = json.loads(browser.evaluate(
        "(() => { const r = canvas.getBoundingClientRect(); return JSON.stringify([r.left, r.top, r.width, r.height]) })()"))
    for kind, x, y in [("mousePressed", 0.2, 0.2), ("mouseMoved", 0.15, 0.12), ("mouseMoved", 0.1, 0.1), ("mouseReleased", 0.1, 0.1)]:
        browser.call("Input.dispatchMouseEvent", type=kind, x=left + x * wide, y=top + y * high, button="left", buttons=1, clickCount=1)
    moved = json.loads(text(browser, "profile-json"))["exclude_zones"][0][0]
    expect("a point is moved", max(abs(moved[0] - 0.1), abs(moved[1] - 0.1)) < 0.01, moved)

    def choose(name, value):
        browser.evaluate(
            f"(() => {{ const c = document.getElementById('{name}'); c.value = '{value}'; c.dispatchEvent(new Event('change')) }})()")

    choose("slices-choice", "2x2")
    done(browser)
    expect("slices", "slices=2x2" in text(browser, "curl") and json.loads(text(browser, "profile-json"))["slices"] == "2x2")
    choose("profile-choice", "door")
    labels_until(browser, "LABELS.join() === 'bus'")
    command = text(browser, "curl")
    expect("a profile applies, its zone is drawn, and the command names it",
           "profile=door" in command and "zones" not in command and "score" not in command
           and browser.evaluate("document.querySelectorAll('#zones li').length") == 1, command)
    browser.shoot(folder / "page-profile.png")
    browser.evaluate("document.querySelector('#zones button').click()")
    labels_until(browser, "LABELS.includes('clock')")
    expect("a zone of the profile is taken away", "&exclude_zones='" in text(browser, "curl"), text(browser, "curl"))
    choose("profile-choice", "table")
    labels_until(browser, "LABELS.length === 1")
    expect("a profile with a format of its own", "profile=table" in text(browser, "curl"))
    expect("nothing in the console", not browser.problems, browser.problems)
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)


def late(browser, address):
    browser.open(address)
    browser.until("document.getElementById('curl').textContent")
    browser.evaluate("""
      const original = fetch; let calls = 0;
      window.fetch = async (path, ...rest) => {
        const isFirst = String(path).startsWith("detect") && calls++ === 0;
        if (isFirst) await new Promise((resolve) => window.release = resolve);
        return original(path, ...rest);
      }""")
    files = """(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([BYTES], NAME));
      dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer }));
    })()"""
    browser.evaluate(files.replace("BYTES", "'no image'").replace("NAME", "'first.txt'"))
    browser.until("window.release !== undefined")
    browser.evaluate("document.getElementById('sample').click()")
    time.sleep(0.5)
    browser.evaluate("release()")
    found = browser.found()
    time.sleep(0.5)
    expect("a late answer does not replace a newer image", set(found.split(",")) == FOUND and not browser.evaluate(
        "document.getElementById('status').classList.contains('error')"), found)


def proxies(browser, port, folder):
    large = folder / "large.png"
    Image.frombytes("RGB", (1200, 1200), os.urandom(1200 * 1200 * 3)).save(large)
    for path, image, word in [("yolox", large, "413"), ("gone", STREET, "502")]:
        browser.open(f"http://127.0.0.1:{port}/{path}/")
        browser.choose(image)
        browser.until("document.getElementById('status').classList.contains('error')")
        expect(f"a proxy's {word} is explained", "proxy" in text(browser, "status") and word in text(browser, "status"))
    browser.problems.clear()


def copying(port):
    browser = Browser(1100, 800, "--host-resolver-rules=MAP yolox.test 127.0.0.1")
    try:
        browser.open(f"http://yolox.test:{port}/yolox/")
        browser.until("document.getElementById('curl').textContent")
        expect("the page is not secure", browser.evaluate("navigator.clipboard === undefined"))
        browser.press("copy")
        browser.until("document.getElementById('copy').textContent === 'Copied'")
        command = text(browser, "curl")
        expect("the command has the path of the proxy", f"http://yolox.test:{port}/yolox/detect?" in command, command)
    finally:
        browser.close()


def camera(port):
    browser = Browser(1100, 800, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    try:
        browser.open(f"http://127.0.0.1:{port}/yolox/")
        browser.until("document.getElementById('curl').textContent")
        browser.evaluate("""
          window.tracks = [];
          const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wish) => {
            const stream = await get(wish);
            tracks.push(...stream.getTracks());
            return stream;
          };
          const button = document.getElementById("camera");
          button.click(); button.click(); button.click(); button.click(); button.click();""")
        browser.until("document.getElementById('video').videoWidth > 0")
        browser.until("tracks.filter((track) => track.readyState === 'live').length === 1")
        browser.evaluate("document.getElementById('shoot').click()")
        done(browser)
        expect("the camera stops after its photo", browser.evaluate("tracks.every((track) => track.readyState === 'ended')"))
        browser.evaluate("document.getElementById('camera').click()")
        browser.until("document.getElementById('video').videoWidth > 0")
        browser.evaluate("document.getElementById('camera').click()")
        expect("and when it is cancelled", browser.evaluate("tracks.every((track) => track.readyState === 'ended')"))
    finally:
        browser.close()


def main():
    url = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch, proxy(url) as port:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else scratch)
        address = f"http://127.0.0.1:{port}/yolox/"
        browser = Browser()
        try:
            looks(browser, address, folder)
            shapes(browser, address, folder)
            several(browser, address, folder)
            zones(browser, address, folder)
            late(browser, address)
            proxies(browser, port, folder)
        finally:
            browser.close()
        copying(port)
        camera(port)


main()
