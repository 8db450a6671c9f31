"""Decodes test images of other projects with a running service, and compares with OpenCV: size, and mean colour within 1.

    python3 Tests/Integration/Images/test_sets.py [--service http://localhost:8080] [--keep FOLDER] [SOURCE ...]

A SOURCE is a folder, or a repository that git can clone. Without one: PngSuite (in the tests of image-png and libpng), and the
images of libjpeg-turbo and of libwebp. The images do not become part of this project.

OpenCV misreads some files: of BMP with bit fields it shifts the values instead of scaling them, it shows transparent pixels of
GIF in the colour below them, and of an animated PNG it composes frames. Where it differs, or reads nothing, Pillow is asked; of an
animated PNG both get the default image.

The service shows what it decodes as the image that it draws on, with a threshold that no detection reaches. An image that the
service rejects must have a status of 400 to 499. `--keep` leaves the images in FOLDER, with what OpenCV reads of them in
expected.json; `YOLOX_IMAGE_SUITES=FOLDER swift test --filter ImageSuiteTests` compares the decoder with it, without a service.

Needs requirements.txt. Exits with 1 if an image differs, with 69 if no source is available.
"""

import argparse
import collections
import hashlib
import io
import json
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import png
from PIL import Image, ImageOps

SOURCES = [
    "https://github.com/image-rs/image-png",
    "https://github.com/pnggroup/libpng",
    "https://github.com/libjpeg-turbo/libjpeg-turbo",
    "https://github.com/webmproject/libwebp-test-data",
]
SUFFIXES = {".jpg", ".jpeg", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"}
CLONE_SECONDS = 300


def still(data):
    """A PNG without the chunks of its animation."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return data
    kept, position = data[:8], 8
    while position + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[position : position + 8])
        if name not in (b"acTL", b"fcTL", b"fdAT"):
            kept += data[position : position + 12 + length]
        position += 12 + length
    return kept


def read_by_opencv(data):
    """Width, height and mean colour over white as OpenCV reads them, or None."""
    data = np.frombuffer(data, np.uint8)
    try:
        # As a decoder for photographs reads it: turned, 8-bit colour, without alpha.
        color = cv2.imdecode(data, cv2.IMREAD_COLOR)
        whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if color is None:
        return None
    pixels = color.astype(np.float64)
    # The service blends over white what OpenCV shows without its alpha.
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:  # not turned; the mean is the same
        scale = 65535 if whole.dtype == np.uint16 else 255
        alpha = whole[..., 3:].astype(np.float64) / scale
        pixels = whole[..., :3] * (255 / scale) * alpha + 255 * (1 - alpha)
    elif bytes(data[:4]) == b"\x89PNG":
        pixels = over_white(pixels, data.tobytes())
    mean = pixels.reshape(-1, 3).mean(axis=0)[::-1]
    return {"width": color.shape[1], "height": color.shape[0], "mean": [float(level) for level in mean]}


def read_by_pillow(data):
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGBA")).astype(np.float64)
    except Exception:  # Pillow's decoders raise errors of many types.
        return None
    alpha = pixels[..., 3:] / 255
    mean = (pixels[..., :3] * alpha + 255 * (1 - alpha)).reshape(-1, 3).mean(axis=0)
    return {"width": pixels.shape[1], "height": pixels.shape[0], "mean": [float(level) for level in mean]}


def over_white(pixels, data):
    """`pixels` blended with the transparency of a gray PNG, which OpenCV leaves out."""
    try:
        width, height, rows, info = png.Reader(bytes=data).read()
        if not info["greyscale"] or not (info["alpha"] or "transparent" in info):
            return pixels
        rows = np.array([list(row) for row in rows]).reshape(height, width, info["planes"])
    except png.Error:
        return pixels
    alpha = rows[..., 1:] / (2 ** info["bitdepth"] - 1) if info["alpha"] else rows != info["transparent"]
    if alpha.shape[:2] != pixels.shape[:2]:
        return pixels
    return pixels * alpha + 255 * (1.0 - alpha)


def differences(seen, wanted):
    if (seen["width"], seen["height"]) != (wanted["width"], wanted["height"]):
        return f"{seen['width']}x{seen['height']} instead of {wanted['width']}x{wanted['height']}"
    if max(abs(a - b) for a, b in zip(seen["mean"], wanted["mean"])) > 1:
        return f"mean {[round(level, 1) for level in seen['mean']]} instead of {[round(level, 1) for level in wanted['mean']]}"
    return None


class Service:
    def __init__(self, url):
        self.url = url

    def post(self, data, query):
        request = urllib.request.Request(f"{self.url}/detect?{query}", data, {"Content-Type": "application/octet-stream"})
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def judge(self, data, wanted):
        """One of: equal, as Pillow, different, rejected, read (by no other), failed; with the reason."""
        status, body = self.post(data, "score_threshold=1&max_detections=1")
        drawn_status, drawn = self.post(data, "score_threshold=1&max_detections=1&format=png")
        if drawn_status != status:
            return "failed", f"{status} for JSON, {drawn_status} for the image"
        if 400 <= status < 500:
            problem = json.loads(body)
            return "rejected", f"{status} {problem['type'].rsplit(':', 1)[-1]}: {problem['detail']}"
        if status != 200:
            return "failed", f"{status}: {body[:200]}"
        image = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
        size = json.loads(body)["image"]
        if (size["width"], size["height"]) != image.shape[1::-1]:
            return "failed", f"{size} in JSON, {image.shape[1::-1]} drawn"
        seen = {**size, "mean": image.reshape(-1, 3).mean(axis=0)[::-1].tolist()}
        difference = differences(seen, wanted) if wanted else "OpenCV reads nothing"
        if not difference:
            return "equal", ""
        other = read_by_pillow(still(data))
        if other and not differences(seen, other):
            return "as Pillow", difference
        return ("different", difference) if wanted or other else ("read", "")


def folder_of(source, scratch):
    """The folder of a source; None, with a line that says so, where it is not available."""
    if Path(source, ".git").exists() or not Path(source).is_dir() or Path(source, "HEAD").exists():
        target = scratch / Path(source).name
        clone = ["git", "clone", "--quiet", "--depth", "1", source, str(target)]
        try:
            subprocess.run(clone, check=True, capture_output=True, timeout=CLONE_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            reason = (getattr(error, "stderr", None) or str(error).encode()).decode(errors="replace").splitlines()[0]
            print(f"not available: {source}: {reason}")
            return None
        return target
    return Path(source)


def collect(folder, name, target):
    """Copies the images below `folder` to target/NAME, under flat names; each content once."""
    seen = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        data = path.read_bytes()
        digest = hashlib.sha256(data).digest()
        if data and digest not in seen:
            seen.add(digest)
            flat = target / name / "-".join(path.relative_to(folder).parts)
            flat.parent.mkdir(parents=True, exist_ok=True)
            flat.write_bytes(data)
            yield f"{name}/{flat.name}", data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service", metavar="URL")
    parser.add_argument("--keep", metavar="FOLDER", type=Path)
    parser.add_argument("sources", metavar="SOURCE", nargs="*", default=SOURCES)
    options = parser.parse_args()
    service = Service(options.service) if options.service else None
    table, wrong, reference = {}, 0, {}
    with tempfile.TemporaryDirectory() as scratch:
        keep = options.keep or Path(scratch, "images")
        for source in options.sources:
            folder = folder_of(source, Path(scratch))
            if folder is None:
                continue
            name = folder.resolve().name
            counts = table[name] = collections.Counter()
            for file, data in collect(folder, name, keep):
                reference[file] = read_by_opencv(still(data))
                counts["files"] += 1
                counts["read by OpenCV"] += reference[file] is not None
                if service is None:
                    continue
                verdict, reason = service.judge(data, reference[file])
                counts[verdict] += 1
                wrong += verdict in ("different", "failed")
                if verdict != "equal":
                    print(f"{verdict:9} {file}{'' if reference[file] else ' (OpenCV does not read it)'}  {reason}")
        if options.keep:
            (keep / "expected.json").write_text(json.dumps(reference, indent=1) + "\n")
    if not reference:
        print("test_sets: no source is available", file=sys.stderr)
        sys.exit(69)
    columns = ["files", "read by OpenCV", "equal", "as Pillow", "rejected", "read", "different", "failed"]
    print("\n| set | " + " | ".join(columns) + " |")
    for name, counts in table.items():
        print(f"| {name} | " + " | ".join(str(counts[column]) for column in columns) + " |")
    sys.exit(1 if wrong else 0)


main()
