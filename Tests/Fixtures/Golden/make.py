"""Makes the fixtures in this folder: what ONNX Runtime and the authors' postprocessing find, and pycocotools' evaluation of it.

    python make.py DATA             # DATA: ../shared, or what `make test-data` downloaded; needs numpy, onnxruntime,
                                    # opencv-python-headless and pycocotools
    python make.py --check DATA     # compares with the files instead of writing them
"""

import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from detections import detect, evaluate, predictions

SIDE = 416


def evaluation(annotations, results):
    evaluator, statistics = evaluate(annotations, results)
    truth, per_class = evaluator.cocoGt, {}
    for index, category in enumerate(truth.loadCats(truth.getCatIds())):
        precision = evaluator.eval["precision"][:, :, index, 0, -1]
        if (precision > -1).any():
            per_class[category["name"]] = round(float(precision[precision > -1].mean()), 6)
    return {
        "stats": statistics, "per_class_AP": per_class, "score_threshold": 0.01, "nms_threshold": 0.65, "input": [SIDE, SIDE]}


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
        boxes, scores = predictions(session, image, SIDE)
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
        print("stats of the stored results:", evaluation(annotations, stored) == json.loads((HERE / "coco_stats.json").read_text()))
        return
    (HERE / "detections.json").write_text(json.dumps(detections))
    (HERE / "coco_results.json").write_text(json.dumps(results))
    (HERE / "coco_stats.json").write_text(json.dumps(evaluation(annotations, results), indent=1))


if __name__ == "__main__":
    main()
