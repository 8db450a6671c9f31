"""Draws the images of the documentation with a running service.

    python3 Tests/Integration/Clients/screenshot.py http://localhost:8080

Writes docs/images/street.png from street.svg, page.png from the service's page, and detections.png from its response. Needs
the dependencies of browser.py.
"""

import sys
import urllib.request
from pathlib import Path

from browser import Browser

IMAGES = Path(__file__).resolve().parents[3] / "docs/images"


def main():
    painter = Browser(960, 640)
    try:
        # Sets the size of the page, because a window has borders.
        painter.call("Emulation.setDeviceMetricsOverride", width=960, height=640, deviceScaleFactor=1, mobile=False)
        painter.open((IMAGES / "street.svg").as_uri())
        painter.shoot(IMAGES / "street.png")
    finally:
        painter.close()

    browser = Browser()
    try:
        browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        browser.open(sys.argv[1])
        browser.choose(IMAGES / "street.png")
        found = browser.found()
        browser.shoot(IMAGES / "page.png")
        print(f"found {found}")
        if set(found.split(",")) != {"stop sign", "traffic light", "clock", "bus"} or browser.problems:
            sys.exit(f"screenshot: not what was drawn; console {browser.problems}")
    finally:
        browser.close()

    body = (IMAGES / "street.png").read_bytes()
    request = urllib.request.Request(sys.argv[1] + "/detect", body, {"Content-Type": "image/png", "Accept": "image/png"})
    with urllib.request.urlopen(request) as response:
        (IMAGES / "detections.png").write_bytes(response.read())


main()
