"""Writes FOLDER/expected.json: what OpenCV reads of every file there, size and mean colour over white, or null.

usage: suites.py FOLDER    (needs: opencv-python-headless, numpy, pypng)

The folder is for test images of others, which the project does not contain: PngSuite, the images of libjpeg-turbo's and
libpng's sources, libwebp-test-data. `YOLOX_IMAGE_SUITES=FOLDER swift test --filter ImageSuiteTests` then compares.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import png


def read(path):
    data = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        # Without alpha as a decoder for photographs reads it: turned, as 8-bit colour.
        color = cv2.imdecode(data, cv2.IMREAD_COLOR)
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if color is None:
        return None
    pixels = color.astype(np.float64)
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:  # not turned; the mean is the same
        scale = 65535 if whole.dtype == np.uint16 else 255
        alpha = whole[..., 3:].astype(np.float64) / scale
        pixels = whole[..., :3] * (255 / scale) * alpha + 255 * (1 - alpha)
    elif path.suffix == ".png":
        # OpenCV leaves out the transparency of gray images.
        width, height, rows, info = png.Reader(bytes=path.read_bytes()).read()
        rows = np.array([list(row) for row in rows]).reshape(height, width, info["planes"])
        alpha = np.ones((height, width, 1))
        if info["greyscale"] and info["alpha"]:
            alpha = rows[..., 1:] / (2 ** info["bitdepth"] - 1)
        elif info["greyscale"] and "transparent" in info:
            alpha = rows != info["transparent"]
        if alpha.shape[:2] == pixels.shape[:2]:
            pixels = pixels * alpha + 255 * (1.0 - alpha)
    mean = pixels.reshape(-1, 3).mean(axis=0)[::-1]
    return {"width": color.shape[1], "height": color.shape[0], "mean": [float(level) for level in mean]}


folder = Path(sys.argv[1])
files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp", ".gif", ".bmp"))
expected = {path.name: read(path) for path in files}
(folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
print(f"{len(expected)} files, {sum(entry is None for entry in expected.values())} of them not read by OpenCV")
