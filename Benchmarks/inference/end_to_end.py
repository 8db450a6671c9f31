"""Side by side, from the bytes of a JPEG to boxes with YOLOX-Nano: `yolox bench --image`, and OpenCV + ONNX Runtime + numpy.

The peer is one process too: cv2.imdecode, cv2.resize and padding as in the authors' preproc, ONNX Runtime, grid decoding
and NMS for each class in numpy with OpenCV's NMSBoxes. Each round runs ours and then theirs as a fresh process with three
unmeasured runs before; the table gives the median of the rounds' medians, and the ratio as the median of the ratios of
neighbouring rounds. Above 1 we are faster.

A second table compares less than that: from the network's input to boxes with ours, the network alone with ONNX Runtime,
on a few photographs. Ours leaves out what no box can come from, so that its time depends on the image.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
WEIGHTS = SHARED / "weights/yolox_nano.onnx"
IMAGE = SHARED / "images/dog.jpg"
PHOTOGRAPHS = SHARED / "coco/val2017"
SIZE = 416

PEER = """
import json, sys, time
import cv2, numpy as np, onnxruntime
weights, image, size, threads, runs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
cv2.setNumThreads(threads)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
data = np.fromfile(image, np.uint8)
grids = [np.stack(np.meshgrid(np.arange(size // s), np.arange(size // s)), 2).reshape(-1, 2) for s in (8, 16, 32)]
strides = np.concatenate([np.full((len(g), 1), s, np.float32) for g, s in zip(grids, (8, 16, 32))])
grid = np.concatenate(grids).astype(np.float32)

def detect():
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    ratio = min(size / image.shape[0], size / image.shape[1])
    resized = cv2.resize(image, (int(image.shape[1] * ratio), int(image.shape[0] * ratio)))
    padded = np.full((size, size, 3), 114, np.uint8)
    padded[: resized.shape[0], : resized.shape[1]] = resized
    pixels = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)[None]
    begin = time.perf_counter()
    output = session.run(None, {name: pixels})[0][0]
    network.append((time.perf_counter() - begin) * 1e3)
    scores = output[:, 4:5] * output[:, 5:]
    classes = scores.argmax(1)
    scores = scores[np.arange(len(scores)), classes]
    kept = scores >= 0.25
    output, classes, scores = output[kept], classes[kept], scores[kept]
    centre = (output[:, :2] + grid[kept]) * strides[kept]
    sides = np.exp(output[:, 2:4]) * strides[kept]
    boxes = np.concatenate([centre - sides / 2, sides], 1) / ratio
    return cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores.tolist(), classes.tolist(), 0.25, 0.45)

times, network = [], []
for run in range(runs + 3):
    start = time.perf_counter()
    found = detect()
    times.append((time.perf_counter() - start) * 1e3)
times, network = sorted(times[3:]), sorted(network[3:])
middle = len(times) // 2
print(json.dumps({"median": times[middle], "network": network[middle], "detections": len(found)}))
"""


def last_line(command):
    return json.loads(subprocess.check_output([str(word) for word in command]).splitlines()[-1])


def ours(image, threads, arguments):
    command = [ROOT / ".build/release/yolox", "bench", "--weights", WEIGHTS, "--image", image]
    command += ["--precision", arguments.precision]
    return last_line(command + ["--threads", threads, "--runs", arguments.runs, "--json"])


def theirs(image, threads, runs):
    return last_line([sys.executable, "-c", PEER, WEIGHTS, image, SIZE, threads, runs])


def photograph(folder):
    """The same image with the number of pixels that a camera gives."""
    import cv2

    large = cv2.resize(cv2.imread(str(IMAGE)), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    path = Path(folder) / "photograph.jpg"
    cv2.imwrite(str(path), large, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


def compare_networks(photographs, threads, arguments):
    ratios, mine, peer, boxes = [], [], [], []
    for path in photographs:
        own, other = ours(path, threads, arguments), theirs(path, threads, arguments.runs)
        mine.append(own["inference"] + own["postprocess"])
        peer.append(other["network"])
        ratios.append(peer[-1] / mine[-1])
        boxes.append(own["detections"])
    print(
        f"{len(photographs)} photographs, {threads} threads: {statistics.median(mine):.2f} ms to boxes, "
        f"{statistics.median(peer):.2f} ms for the network alone: {statistics.median(ratios):.2f}x "
        f"({min(ratios):.2f} to {max(ratios):.2f}; {min(boxes)} to {max(boxes)} boxes)",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60, help="timed runs in each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, taking turns")
    parser.add_argument("--precision", default="fp32", help="ours; theirs is fp32")
    parser.add_argument("--photographs", type=int, default=12, help="how many for the second table")
    arguments = parser.parse_args()

    missing = [str(path) for path in (WEIGHTS, IMAGE) if not path.exists()]
    if missing:
        sys.exit("bench: needs " + ", ".join(missing))
    cores = os.cpu_count() or 1
    stages = ("decode", "letterbox", "inference", "postprocess")
    print(f"{'JPEG to boxes':13} threads {'ours ms':>8}  ({' + '.join(stages)}) {'peer ms':>8} ratio  boxes")
    with tempfile.TemporaryDirectory() as folder:
        for label, path in (("768x576", IMAGE), ("4000x3000", photograph(folder))):
            for threads in sorted({1, cores}):
                mine, peer = [], []
                for _ in range(arguments.rounds):
                    mine.append(ours(path, threads, arguments))
                    peer.append(theirs(path, threads, arguments.runs))
                ratio = statistics.median(b["median"] / a["medianMilliseconds"] for a, b in zip(mine, peer))
                total = statistics.median(round["medianMilliseconds"] for round in mine)
                parts = " + ".join(f"{statistics.median(round[stage] for round in mine):.2f}" for stage in stages)
                their_total = statistics.median(round["median"] for round in peer)
                print(
                    f"{label:13} {threads:7} {total:8.2f}  ({parts:42}) {their_total:8.2f} {ratio:.2f}x"
                    f"  {mine[0]['detections']} / {peer[0]['detections']}",
                    flush=True,
                )
    print(f"\nnetwork input to boxes, {arguments.precision}, and ONNX Runtime's network alone")
    for threads in sorted({1, cores}):
        compare_networks(sorted(PHOTOGRAPHS.glob("*.jpg"))[: arguments.photographs], threads, arguments)


if __name__ == "__main__":
    main()
