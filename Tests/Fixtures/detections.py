"""What the scripts in these folders share: an image through ONNX Runtime to boxes, and pycocotools' evaluation of boxes."""

import contextlib
import io

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = [
    "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"]


def letterbox(image, side):
    """As the authors' preproc: scaled to fit, at the top left of gray, BGR from 0 to 255."""
    scale = min(side / image.shape[0], side / image.shape[1])
    size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
    padded = np.full((side, side, 3), 114, np.uint8)
    padded[:size[1], :size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return padded.transpose(2, 0, 1).astype(np.float32), scale


def predictions(session, image, side):
    """Boxes x1, y1, x2, y2 in pixels of the image, and scores [anchors, classes]."""
    pixels, scale = letterbox(image, side)
    rows = session.run(None, {session.get_inputs()[0].name: pixels[None]})[0][0]
    cells = []
    for stride in (8, 16, 32):
        y, x = np.mgrid[:side // stride, :side // stride]
        cells.append(np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], 1))
    cells = np.concatenate(cells)
    center = (rows[:, :2] + cells[:, :2]) * cells[:, 2:]
    size = np.exp(rows[:, 2:4]) * cells[:, 2:]
    boxes = np.concatenate([center - size / 2, center + size / 2], 1) / scale
    return boxes, rows[:, 4:5] * rows[:, 5:]


def overlap(box, others):
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(0, high - low), 1)
    area = np.prod(others[:, 2:] - others[:, :2], 1) + np.prod(box[2:] - box[:2])
    return shared / (area - shared)


def detect(boxes, scores, threshold, nms):
    """(class, score, box) by descending score; suppression within each class."""
    classes, best = scores.argmax(1), scores.max(1)
    kept = []
    for index in np.argsort(-best, kind="stable"):
        if best[index] < threshold:
            break
        same = [other for other in kept if classes[other] == classes[index]]
        if not same or overlap(boxes[index], boxes[same]).max() <= nms:
            kept.append(index)
    return [(int(classes[index]), float(best[index]), boxes[index]) for index in kept]


def evaluate(annotations, results):
    """pycocotools' evaluation, and its twelve numbers by name."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation, {name: round(float(value), 6) for name, value in zip(NAMES, evaluation.stats)}
