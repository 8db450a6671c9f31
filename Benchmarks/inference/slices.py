"""What slices find and cost in drawn 4K street scenes with small objects, by the demo network of the binary.

The scenes are those of `yolox-train scenes`, which the network was trained on, but 3840x2160 with objects of 20 to 160 pixels.
The time is that of a run over all images, divided by that without slices: tell it from a machine that does nothing else.
Needs: `swift build -c release`.

    python3 Benchmarks/inference/slices.py [IMAGES] [SEED]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build/release"
WEIGHTS = ROOT / "weights/yolox-nano-street.safetensors"
SIZE, OBJECTS, PIXELS = "3840x2160", 60, "20-160"


def evaluate(folder, *options):
    start = time.monotonic()
    text = subprocess.check_output([
        BINARIES / "yolox", "eval", "--weights", WEIGHTS, "--annotations", folder / "annotations/instances_val.json",
        "--images", folder / "val", "--json", *options])
    return json.loads(text), time.monotonic() - start


def main():
    count, seed = (sys.argv[1:] + ["20", "4"][len(sys.argv) - 1:])[:2]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.check_call(
            [BINARIES / "yolox-train", "scenes", "--output", folder, "--train", "0", "--val", count, "--seed", seed,
             "--size", SIZE, "--max-objects", str(OBJECTS), "--object-size", PIXELS], stdout=subprocess.DEVNULL)
        boxes = json.loads((folder / "annotations/instances_val.json").read_text())["annotations"]
        small = sum(box["area"] < 32 * 32 for box in boxes)
        print(f"{count} scenes of {SIZE}, seed {seed}: {len(boxes)} objects, {small} of them small (COCO: below 32x32)")
        print(f"{'input':>6} {'slices':28} {'AP':>7} {'AP50':>7} {'small':>7} {'medium':>7} {'large':>7} {'time':>6}")
        for size in ("256", "512"):
            plain = None
            for label, options in [
                ("none", []),
                ("2x2", ["--slices", "2x2"]),
                ("4x3", ["--slices", "4x3"]),
                ("slice_size 640", ["--slice-size", "640"]),
                ("slice_size 512", ["--slice-size", "512"]),
            ]:
                summary, seconds = evaluate(folder, "--size", size, *options)
                plain = plain or seconds
                values = [summary[name] for name in ("AP", "AP50", "AP_small", "AP_medium", "AP_large")]
                print(f"{size:>6} {label:28} " + " ".join(f"{value:7.3f}" for value in values) + f" {seconds / plain:6.1f}",
                      flush=True)


if __name__ == "__main__":
    main()
