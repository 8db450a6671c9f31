"""Drives the page of a running service in a real browser: chooses an image, waits for boxes, moves the slider.

    python3 Tests/Integration/Clients/browser.py http://localhost:8080 dog.jpg screenshot.png [KEY]

With a key, the page is expected to ask for it.

Needs chromium and, from PyPI, websocket-client. Exits with 1 if an expected object is not in the table or the browser's
console shows an error.
"""

import base64
import itertools
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket


class Browser:
    """The Chrome DevTools Protocol, as far as this needs it."""

    def __init__(self, width=1100, height=800, *options):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # On a port of its own choice, which it writes down; containers give little memory to share.
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={self.profile.name}",
             f"--window-size={width},{height}", *options, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = websocket.create_connection(self.target(), timeout=30)
        self.numbers = itertools.count(1)
        self.problems = []

    def target(self):
        for _ in range(300):
            try:
                port = (Path(self.profile.name) / "DevToolsActivePort").read_text().split()[0]
                pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
                return next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            except (OSError, IndexError, StopIteration):
                time.sleep(0.1)
        sys.exit("browser: chromium did not start")

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                return message.get("result", message)
            if message.get("method") == "Runtime.exceptionThrown":
                self.problems.append(message["params"]["exceptionDetails"]["text"])
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.problems.append(message["params"]["entry"]["text"])

    def evaluate(self, expression):
        return self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )["result"].get("value")

    def until(self, expression):
        for _ in range(300):
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.1)
        sys.exit(f"browser: never became true: {expression}")

    def open(self, address):
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def choose(self, *images):
        """Gives the page images, as a person does with its button."""
        self.until("document.getElementById('curl').textContent")
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        field = self.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=field, files=[str(Path(image).resolve()) for image in images])

    def press(self, button):
        """Clicks with a mouse, where a browser asks for a person's action."""
        self.call("Page.bringToFront")
        self.evaluate(f"document.getElementById('{button}').scrollIntoView()")
        spot = self.evaluate(
            f"(() => {{ const r = document.getElementById('{button}').getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def found(self):
        """The labels in the page's table, once there are any."""
        return self.until("[...document.querySelectorAll('#rows td:first-child')].map(cell => cell.textContent).join()")

    def shoot(self, file):
        shot = self.call("Page.captureScreenshot", format="png")["data"]
        Path(file).write_bytes(base64.b64decode(shot))

    def close(self):
        self.process.terminate()
        self.process.wait()


def main():
    address, image, screenshot, *keys = sys.argv[1:5]
    browser = Browser()
    try:
        browser.open(address)
        browser.choose(image)
        for key in keys:
            browser.until("!document.getElementById('key-row').hidden")
            # The console notes every answer of 401, also one that is expected.
            browser.problems.clear()
            browser.evaluate(
                f"document.getElementById('key').value = {json.dumps(key)}; "
                "document.querySelector('#key-row button').click()")
        found = browser.found()
        browser.shoot(screenshot)
        browser.evaluate(
            "(() => { const t = document.getElementById('threshold'); t.value = 0.7; t.dispatchEvent(new Event('input')) })()")
        fewer = browser.found()
        print(f"found {found}; above 0.7 {fewer}")
        missing = {"dog", "bicycle", "car"} - set(fewer.split(","))
        if missing or len(fewer) > len(found) or browser.problems:
            sys.exit(f"browser: missing {missing}, console {browser.problems}")
    finally:
        browser.close()


if __name__ == "__main__":
    main()
