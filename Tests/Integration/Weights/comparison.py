"""Boxes of a weights file by another program and by `yolox`, and how far they agree.

Images are resized to the input size of each file, so that no letterbox is involved. Outputs are decoded as the authors'
code does (yolo_head.py, decode_outputs) and suppressed class by class (boxes.py, postprocess).
"""
import json
import subprocess
import tempfile

import numpy

SCORE, NMS = 0.1, 0.45
MEAN, DEVIATION = numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225])


def decoded(output, height, width, is_raw=None):
    """[anchors, 5 + classes] of the authors' export, with centre and size in pixels. Whether the file has left the decoding to
    its user is told by the numbers if `is_raw` is not given."""
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
    if is_raw is None:
        is_raw = numpy.median(numpy.abs(boxes[:, 2:4])) < 4
    if is_raw:
        boxes[:, :2] = (boxes[:, :2] + cells) * strides
        with numpy.errstate(over="ignore"):
            boxes[:, 2:4] = numpy.exp(boxes[:, 2:4]) * strides
    return boxes


def detections(boxes, score=SCORE, nms=NMS):
    """Rows of x1, y1, x2, y2, score, class, and 1 where float32 cannot tell the class from the next best, else 0."""
    scores = boxes[:, 4:5] * boxes[:, 5:]
    best = numpy.sort(scores, 1)[:, ::-1]
    is_tied = (best[:, 0] - best[:, 1] < 1e-6 * best[:, 0]) if scores.shape[1] > 1 else numpy.zeros(len(scores), bool)
    corners = numpy.concatenate([boxes[:, :2] - boxes[:, 2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2], 1)
    rows = numpy.concatenate([corners, best[:, :1], scores.argmax(1)[:, None], is_tied[:, None]], 1)
    # Beyond float32 a size is no number, and yolox drops the box.
    with numpy.errstate(over="ignore"):
        finite = numpy.isfinite(corners.astype(numpy.float32)).all(1)
    return suppressed(rows[finite & (rows[:, 4] >= score)], nms)


def suppressed(rows, nms):
    kept = []
    for row in rows[numpy.argsort(-rows[:, 4], kind="stable")]:
        if all(row[5] != other[5] or iou(row, other) <= nms for other in kept):
            kept.append(row)
    return numpy.array(kept, dtype=numpy.float64).reshape(-1, rows.shape[1])


def iou(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared + 1e-12)


def clipped(boxes, size):
    """Boxes that end at the image's edge, as those of yolox do."""
    boxes = boxes.copy()
    boxes[:, 0:4:2], boxes[:, 1:4:2] = boxes[:, 0:4:2].clip(0, size[0]), boxes[:, 1:4:2].clip(0, size[1])
    return boxes


def agreeing(ours, theirs):
    """How many boxes of both are one: of one class, within half a pixel (or a thousandth of their size), with scores within
    0.002; and the largest differences of a coordinate and of a score among them."""
    left, count, coordinate, score = list(range(len(theirs))), 0, 0.0, 0.0
    for box in ours:
        for index in left:
            other = theirs[index]
            tolerance = max(0.5, 1e-3 * numpy.abs(other[:4]).max())
            apart, difference = numpy.abs(box[:4] - other[:4]).max(), abs(box[4] - other[4])
            same = box[5] == other[5] or box[6:].any() or other[6:].any()
            if same and difference <= 2e-3 and apart <= tolerance:
                left.remove(index)
                count, coordinate, score = count + 1, max(coordinate, apart), max(score, difference)
                break
    return count, coordinate, score


def planes(image, legacy=False):
    """[1, 3, height, width] as the authors' demo makes it: BGR 0...255, or normalised RGB."""
    pixels = numpy.asarray(image, dtype=numpy.float32)
    pixels = ((pixels / 255 - MEAN) / DEVIATION) if legacy else pixels[..., ::-1]
    return numpy.ascontiguousarray(pixels.transpose(2, 0, 1)[None].astype(numpy.float32))


def session(model):
    """ONNX Runtime's, of a path or of bytes, without its warnings."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def by_yolox(command, path, image, score=SCORE, arguments=(), nms=NMS):
    """Boxes and what the command says besides; no boxes, but the reason, where it rejects the file."""
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        image.save(file.name)
        result = subprocess.run(
            [command, "detect", file.name, "--weights", str(path), "--format", "json", "--score-threshold", str(score),
             "--nms-threshold", str(nms), *arguments], capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        message = (result.stderr.strip().splitlines() or [f"status {result.returncode}"])[-1]
        return None, message.removeprefix("Error: ").removeprefix(f"{path}: ").replace(str(path), path.name)
    boxes = [[*(d["box"][k] for k in ("x1", "y1", "x2", "y2")), d["score"], d["class_id"]]
             for d in json.loads(result.stdout.splitlines()[0])["detections"]]
    return numpy.array(boxes, dtype=numpy.float64).reshape(-1, 6), result.stderr
