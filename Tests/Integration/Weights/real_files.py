#!/usr/bin/env python3
"""Compares `yolox` with ONNX Runtime on a folder of weights files and prints a Markdown table: boxes by each, or the reason
for which yolox rejects a file.

    pip install numpy pillow onnxruntime
    real_files.py FOLDER IMAGE [--yolox .build/release/yolox]

FOLDER holds .onnx, .pth and other files, of any source; they stay there. IMAGE is any photograph. Exits with an error if
boxes differ, or if a file is accepted of which ONNX Runtime makes something else.

The image is resized to the input size of each file, so that no letterbox is involved, and given to ONNX Runtime as the
authors' demo does: BGR 0...255, or normalised RGB where yolox says that the weights are of the legacy kind. Outputs are
decoded as the authors' code does (yolo_head.py, decode_outputs) and suppressed class by class (boxes.py, postprocess).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

SCORE, NMS = 0.1, 0.45
MEAN, DEVIATION = numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225])


def decoded(output, height, width):
    """[anchors, 5 + classes] of the authors' export, with centre and size in pixels."""
    boxes, cells, strides = output.astype(numpy.float64), [], []
    for stride in (8, 16, 32):
        rows, columns = height // stride, width // stride
        y, x = numpy.mgrid[0:rows, 0:columns]
        cells.append(numpy.stack([x.ravel(), y.ravel()], 1))
        strides.append(numpy.full((rows * columns, 1), stride))
    cells, strides = numpy.concatenate(cells), numpy.concatenate(strides)
    if len(cells) != len(boxes):
        raise ValueError(f"{len(boxes)} anchors for {height}x{width}")
    # Sizes are logarithms of a few strides, or pixels.
    if numpy.median(numpy.abs(boxes[:, 2:4])) < 4:
        boxes[:, :2] = (boxes[:, :2] + cells) * strides
        boxes[:, 2:4] = numpy.exp(boxes[:, 2:4]) * strides
    return boxes


def detections(boxes):
    """Rows of x1, y1, x2, y2, score, class."""
    scores = boxes[:, 4:5] * boxes[:, 5:]
    found = []
    corners = numpy.concatenate([boxes[:, :2] - boxes[:, 2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2], 1)
    best = scores.argmax(1)
    for category in numpy.unique(best):
        rows = numpy.flatnonzero((best == category) & (scores.max(1) >= SCORE))
        rows = rows[numpy.argsort(-scores[rows, category], kind="stable")]
        kept = []
        for row in rows:
            if all(iou(corners[row], corners[other]) <= NMS for other in kept):
                kept.append(row)
        found += [[*corners[row], scores[row, category], category] for row in kept]
    return numpy.array(found, dtype=numpy.float64).reshape(-1, 6)


def iou(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared + 1e-12)


def agreeing(ours, theirs):
    """Boxes of both of one class that lie within half a pixel (or a thousandth of their size), scores within 0.002."""
    left, count = list(range(len(theirs))), 0
    for box in ours:
        for index in left:
            other = theirs[index]
            tolerance = max(0.5, 1e-3 * numpy.abs(other[:4]).max())
            if box[5] == other[5] and abs(box[4] - other[4]) <= 2e-3 and numpy.abs(box[:4] - other[:4]).max() <= tolerance:
                left.remove(index)
                count += 1
                break
    return count


def planes(image, legacy):
    pixels = numpy.asarray(image, dtype=numpy.float32)
    pixels = ((pixels / 255 - MEAN) / DEVIATION) if legacy else pixels[..., ::-1]
    return pixels.transpose(2, 0, 1)[None].astype(numpy.float32)


def by_onnx_runtime(path, photograph, legacy):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    channels, height, width = source.shape[1:]
    factor = 2 if channels == 12 else 1
    size = (width * factor, height * factor)
    image = planes(photograph.resize(size), legacy)
    if channels == 12:
        image = numpy.concatenate([image[..., row::2, column::2] for row, column in ((0, 0), (1, 0), (0, 1), (1, 1))], 1)
    output = session.run(None, {source.name: image})[0]
    if output.ndim == 2 and output.shape[1] == 7:  # batch, class, score, corners: suppressed in the file
        return size, output[:, [3, 4, 5, 6, 2, 1]].astype(numpy.float64)
    return size, detections(decoded(output[0], size[1], size[0]))


def by_yolox(command, path, photograph, size):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        photograph.resize(size).save(file.name)
        result = subprocess.run(
            [command, "detect", file.name, "--weights", str(path), "--format", "json", "--score-threshold", str(SCORE),
             "--nms-threshold", str(NMS)], capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        return None, result.stderr.strip().splitlines()[-1].removeprefix("Error: ").removeprefix(f"{path}: ")
    boxes = [[*(d["box"][k] for k in ("x1", "y1", "x2", "y2")), d["score"], d["class_id"]]
             for d in json.loads(result.stdout.splitlines()[0])["detections"]]
    return numpy.array(boxes, dtype=numpy.float64).reshape(-1, 6), result.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("image")
    parser.add_argument("--yolox", default=".build/release/yolox")
    options = parser.parse_args()
    photograph = Image.open(options.image).convert("RGB")
    faults = 0
    print("| file | ONNX Runtime | yolox | agreeing, or the reason |\n| --- | --- | --- | --- |")
    for path in sorted(options.folder.iterdir()):
        if path.suffix in (".expected", ".data", ".json", ".txt"):
            continue
        try:
            _, answer = by_yolox(options.yolox, path, photograph, (416, 416))
            size, theirs = by_onnx_runtime(path, photograph, "legacy kind" in answer)
        except Exception as error:  # not an ONNX file, or one that ONNX Runtime rejects
            # What another program makes of the file is only shown.
            theirs, size, refusal = None, (416, 416), f"rejected ({type(error).__name__})"
        ours, answer = by_yolox(options.yolox, path, photograph, size)
        left = refusal if theirs is None else str(len(theirs))
        if ours is None:
            print(f"| {path.name} | {left} | rejected | {answer} |", flush=True)
        elif theirs is None:
            print(f"| {path.name} | {left} | {len(ours)} | no comparison |", flush=True)
        else:
            # Boxes that yolox gives end at the image's edge.
            theirs[:, 0:4:2], theirs[:, 1:4:2] = theirs[:, 0:4:2].clip(0, size[0]), theirs[:, 1:4:2].clip(0, size[1])
            equal = agreeing(ours, theirs)
            faults += equal != len(ours) or equal != len(theirs)
            print(f"| {path.name} | {left} | {len(ours)} | {equal} |", flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
