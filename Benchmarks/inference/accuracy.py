"""Average precision of every contestant on COCO images, all counted by `yolox eval`."""

import json
import tempfile
from pathlib import Path

from contestants import answer
from networks import SHARED, YOLOX
from peer import opened
from images import boxes, letterboxed

ANNOTATIONS = SHARED / "coco/instances_val2017.json"
FOLDER = SHARED / "coco/val2017"


def average_precision(contestant, network):
    evaluate = [YOLOX, "eval", "--annotations", ANNOTATIONS, "--json"]
    path = contestant.weights(network)
    if contestant.is_ours:
        return answer(evaluate + ["--images", FOLDER, "--weights", path, "--precision", contestant.precision])["AP"]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as results:
        json.dump(detections(contestant, str(path), network.size), results)
        results.flush()
        return answer(evaluate + ["--results", Path(results.name)])["AP"]


def detections(contestant, path, size):
    annotations = json.loads(ANNOTATIONS.read_text())
    categories = sorted(category["id"] for category in annotations["categories"])
    run = opened(contestant.runtime, contestant.precision, path, threads=0)
    found = []
    for image in annotations["images"]:
        pixels, scale, width, height = letterboxed(FOLDER / image["file_name"], size)
        for x, y, w, h, score, kind in boxes(run(pixels)[0], size, scale, width, height):
            found.append(
                {
                    "image_id": image["id"],
                    "category_id": categories[kind],
                    "bbox": [float(x), float(y), float(w), float(h)],
                    "score": float(score),
                }
            )
    return found
