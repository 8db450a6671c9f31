"""Makes the fixtures in this folder: what ONNX Runtime and the authors' postprocessing find, and pycocotools' evaluation of it.

    python make.py DATA             # DATA: ../shared, or what `make test-data` downloaded; needs numpy, onnxruntime,
                                    # opencv-python-headless and pycocotools
    python make.py --check DATA     # compares with the files instead of writing them
"""

import contextlib
import io
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = pathlib.Path(__file__).parent
SIDE = 416
NAMES = [
    "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"]


def letterbox(image):
    """As the authors' preproc: scaled to fit, at the top left of gray, BGR from 0 to 255."""
    scale = min(SIDE / image.shape[0], SIDE / image.shape[1])
    size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
    padded = np.full((SIDE, SIDE, 3), 114, np.uint8)
    padded[:size[1], :size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return padded.transpose(2, 0, 1).astype(np.float32), scale


def predictions(session, image):
    """Boxes x1, y1, x2, y2 in pixels of the image, and scores [anchors, classes]."""
    pixels, scale = letterbox(image)
    rows = session.run(None, {session.get_inputs()[0].name: pixels[None]})[0][0]
    cells = []
    for stride in (8, 16, 32):
        side = SIDE // stride
        y, x = np.mgrid[:side, :side]
        cells.append(np.stack([x.ravel(), y.ravel(), np.full(side * side, stride)], 1))
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
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    per_class = {}
    for index, category in enumerate(truth.loadCats(truth.getCatIds())):
        precision = evaluation.eval["precision"][:, :, index, 0, -1]
        if (precision > -1).any():
            per_class[category["name"]] = round(float(precision[precision > -1].mean()), 6)
    return {
        "stats": {name: round(float(value), 6) for name, value in zip(NAMES, evaluation.stats)}, "per_class_AP": per_class,
        "score_threshold": 0.01, "nms_threshold": 0.65, "input": [SIDE, SIDE]}


def main():
    data = pathlib.Path(sys.argv[-1])
    session = onnxruntime.InferenceSession(str(data / "weights/yolox_nano.onnx"))
    annotations = data / "coco/instances_val2017.json"
    truth = json.loads(annotations.read_text())
    categories = sorted(truth["categories"], key=lambda category: category["id"])
    ids = {image["file_name"]: image["id"] for image in truth["images"]}
    detections, results = {}, []
    for name in sorted(ids) + ["dog.jpg"]:
        image = cv2.imread(str(data / ("images" if name == "dog.jpg" else "coco/val2017") / name))
        boxes, scores = predictions(session, image)
        detections[name] = {
            "width": image.shape[1], "height": image.shape[0],
            "detections": [
                {"class_id": label, "label": categories[label]["name"], "score": round(score, 4),
                 "box": [round(float(side), 2) for side in box]}
                for label, score, box in detect(boxes, scores, 0.30, 0.45)],
        }
        if name in ids:
            results += [
                {"image_id": ids[name], "category_id": categories[label]["id"], "score": round(score, 5),
                 "bbox": [round(float(side), 3) for side in (*box[:2], *(box[2:] - box[:2]))]}
                for label, score, box in detect(boxes, scores, 0.01, 0.65)]
    if "--check" in sys.argv:
        known = json.loads((HERE / "detections.json").read_text())
        assert known.keys() == detections.keys()
        worst = 0
        for name, entry in known.items():
            strong = [found for found in entry["detections"] if found["score"] >= 0.31]
            for found in strong:
                near = min(detections[name]["detections"], key=lambda one: np.abs(np.subtract(one["box"], found["box"])).max())
                worst = max(worst, float(np.abs(np.subtract(near["box"], found["box"])).max()))
        print(f"boxes differ by at most {worst:.2f} pixels")
        stored = json.loads((HERE / "coco_results.json").read_text())
        print("stats of the stored results:", evaluate(annotations, stored) == json.loads((HERE / "coco_stats.json").read_text()))
        return
    (HERE / "detections.json").write_text(json.dumps(detections))
    (HERE / "coco_results.json").write_text(json.dumps(results))
    (HERE / "coco_stats.json").write_text(json.dumps(evaluate(annotations, results), indent=1))


if __name__ == "__main__":
    main()
