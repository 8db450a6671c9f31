"""Draws the image that the documentation shows, and what the page of a running service makes of it.

    python3 Tests/Integration/Clients/screenshot.py http://localhost:8080

Writes docs/images/street.png from street.svg beside it, and docs/images/page.png. Needs what browser.py needs.
"""

import sys
from pathlib import Path

from browser import Browser

IMAGES = Path(__file__).resolve().parents[3] / "docs/images"


def main():
    painter = Browser(960, 640)
    try:
        # As wide as the image: a window has borders that its page has not.
        painter.call("Emulation.setDeviceMetricsOverride", width=960, height=640, deviceScaleFactor=1, mobile=False)
        painter.open((IMAGES / "street.svg").as_uri())
        painter.shoot(IMAGES / "street.png")
    finally:
        painter.close()

    browser = Browser()
    try:
        browser.call("Emulation.setDeviceMetricsOverride", width=1080, height=620, deviceScaleFactor=1, mobile=False)
        browser.open(sys.argv[1])
        browser.choose(IMAGES / "street.png")
        found = browser.found()
        browser.shoot(IMAGES / "page.png")
        print(f"found {found}")
        if set(found.split(",")) != {"stop sign", "traffic light", "clock", "bus"} or browser.problems:
            sys.exit(f"screenshot: not what was drawn; console {browser.problems}")
    finally:
        browser.close()


main()
