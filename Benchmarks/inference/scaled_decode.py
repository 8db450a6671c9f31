"""What decoding JPEGs at a part of their size costs in average precision, and what it saves: `--scaled-decode auto` and `off`.

COCO's images are hardly larger than the network's input, so they are made larger (Lanczos, quality 95), which is how
many pixels a camera gives but without its detail; and, for detail, they are taken as they are into smaller inputs.
Needs: opencv-python-headless, and `swift build -c release --product yolox`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parents[2]
COCO = ROOT.parent / "shared/coco"
ANNOTATIONS = COCO / "instances_val2017.json"
YOLOX = ROOT / ".build/release/yolox"


def enlarge(factor, folder):
    annotations = json.loads(ANNOTATIONS.read_text())
    for image in annotations["images"]:
        pixels = cv2.imread(str(COCO / "val2017" / image["file_name"]))
        large = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_LANCZOS4)
        cv2.imwrite(str(folder / image["file_name"]), large, [cv2.IMWRITE_JPEG_QUALITY, 95])
        image["width"], image["height"] = large.shape[1], large.shape[0]
    for annotation in annotations["annotations"]:
        annotation["bbox"] = [side * factor for side in annotation["bbox"]]
        annotation["area"] *= factor * factor
        annotation["segmentation"] = []
    path = folder / "instances.json"
    path.write_text(json.dumps(annotations))
    return path


def run(*arguments):
    return json.loads(subprocess.check_output([YOLOX, *map(str, arguments), "--json"]))


def compare(label, annotations, images, size):
    image = max(images.glob("*.jpg"), key=lambda path: path.stat().st_size)
    row = f"{label:28} {size:5}"
    for mode in ("off", "auto"):
        summary = run(
            "eval", "--annotations", annotations, "--images", images, "--size", size, "--scaled-decode", mode,
            "--weights", ROOT.parent / "shared/weights/yolox_nano.onnx",
        )
        timing = run(
            "bench", "--weights", ROOT.parent / "shared/weights/yolox_nano.onnx", "--image", image, "--size", size,
            "--scaled-decode", mode,
        )
        row += f" {summary['AP']:8.4f} {summary['AP50']:8.4f} {timing['decode']:8.2f}"
    print(row, flush=True)


def main():
    if not ANNOTATIONS.exists() or not YOLOX.exists():
        sys.exit(f"fast_decode: needs {ANNOTATIONS} and {YOLOX}")
    originals = COCO / "val2017"
    print(f"{'images':28} {'input':>5} {'AP off':>8} {'AP50':>8} {'ms':>8} {'AP auto':>8} {'AP50':>8} {'ms':>8}")
    compare("COCO as it is", ANNOTATIONS, originals, 416)
    for factor in (2, 3):
        with tempfile.TemporaryDirectory() as folder:
            compare(f"{factor}x as large", enlarge(factor, Path(folder)), Path(folder), 416)
    for size in (320, 288, 224, 160):
        compare("COCO as it is", ANNOTATIONS, originals, size)


if __name__ == "__main__":
    main()
