"""Writes sahi.json: tiles and merged detections as SAHI computes them (pip install sahi==0.12.8)."""

import itertools
import json
import random
from pathlib import Path

from sahi.postprocess.backends import set_postprocess_backend
from sahi.postprocess.combine import GreedyNMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction
from sahi.slicing import get_slice_bboxes

set_postprocess_backend("numpy")
generator = random.Random(16)


def tiles():
    sizes = [(640, 480), (1280, 960), (3840, 2160), (641, 640), (333, 1999), (100, 100), (1920, 1080)]
    for (width, height), side, overlap in itertools.product(sizes, [(640, 640), (512, 416), (320, 320)], [0, 0.2, 0.33]):
        boxes = get_slice_bboxes(height, width, side[1], side[0], False, overlap, overlap)
        if len(boxes) <= 64:
            yield {"image": [width, height], "slice": side, "overlap": overlap, "tiles": [list(map(int, b)) for b in boxes]}


def scene(count):
    """Objects that tiles see whole, shifted or in part. Sixteenths of a pixel are exact in float32."""
    rows = []
    for _ in range(count):
        x, y = generator.uniform(0, 1500), generator.uniform(0, 1000)
        w, h = generator.uniform(8, 300), generator.uniform(8, 300)
        for _ in range(generator.randint(1, 4)):
            left, top = x + generator.uniform(-0.1, 0.3) * w, y + generator.uniform(-0.1, 0.3) * h
            right, bottom = x + w * generator.uniform(0.6, 1.1), y + h * generator.uniform(0.6, 1.1)
            box = [max(0, round(v * 16) / 16) for v in (left, top, right, bottom)]
            rows.append(box + [round(generator.uniform(0.05, 1) * 4096) / 4096, generator.randint(0, 2)])
    return rows


def merged(rows, kind, metric, threshold, agnostic):
    predictions = [
        ObjectPrediction(bbox=row[:4], score=row[4], category_id=row[5], category_name=str(row[5]), full_shape=[4000, 4000])
        for row in rows
    ]
    found = kind(match_threshold=threshold, match_metric=metric, class_agnostic=agnostic)(predictions)
    found = [[*map(float, p.bbox.to_xyxy()), float(p.score.value), int(p.category.id)] for p in found]
    return sorted(found, key=lambda row: (-row[4], *row[:4]))


def merges():
    for count in [1, 5, 40, 120]:
        rows = scene(count)
        results = [
            {"method": name, "metric": metric.lower(), "threshold": threshold, "class_agnostic": agnostic,
             "detections": merged(rows, kind, metric, threshold, agnostic)}
            for (name, kind), metric, threshold, agnostic in itertools.product(
                [("nms", NMSPostprocess), ("greedy_nmm", GreedyNMMPostprocess)], ["IOU", "IOS"], [0.3, 0.5], [False, True])
        ]
        yield {"detections": rows, "results": results}


document = {"tiles": list(tiles()), "merges": list(merges())}
Path(__file__).with_name("sahi.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
