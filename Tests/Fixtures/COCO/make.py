"""Makes the fixtures in this folder: made-up scenes and what pycocotools says about them.

    python make.py               # writes *.json here; needs numpy and pycocotools 2.0.11
    python make.py --large DIR   # writes a set as large as val2017 into DIR and times pycocotools on it

Each fixture is one object: `annotations` (an instances file), `results` (a results file), and pycocotools' answers:
`stats` (the twelve numbers), `ap` [category][area][threshold] and `recall` [category][area][limit][threshold] (-1: nothing
to find), and for IoU 0.5 over all areas `precision` and `scores` [category][recall].
"""

import argparse
import contextlib
import io
import json
import pathlib
import random
import time

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = pathlib.Path(__file__).parent


def quietly(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def load(annotations, results):
    truth = COCO()
    truth.dataset = annotations
    quietly(truth.createIndex)
    if results:
        return truth, quietly(truth.loadRes, results)
    nothing = COCO()
    nothing.dataset = {**annotations, "annotations": []}
    quietly(nothing.createIndex)
    return truth, nothing


def evaluate(annotations, results):
    truth, found = load(annotations, results)
    evaluation = COCOeval(truth, found, "bbox")
    for step in (evaluation.evaluate, evaluation.accumulate, evaluation.summarize):
        quietly(step)
    return evaluation


def rounded(array):
    """Twelve digits: the tests accept 1e-10."""
    return json.loads(json.dumps(array.tolist()), parse_float=lambda text: float(f"{float(text):.12g}"))


def write(name, annotations, results):
    text = json.dumps({"annotations": annotations, "results": results})
    evaluation = evaluate(annotations, results)
    # [threshold, recall, category, area, limit]
    precision = evaluation.eval["precision"][..., -1]
    answer = {
        **json.loads(text),
        "stats": rounded(evaluation.stats),
        "ap": rounded(precision.mean(axis=1).transpose(1, 2, 0)),
        "recall": rounded(evaluation.eval["recall"].transpose(1, 2, 3, 0)),
        "precision": rounded(precision[0, :, :, 0].T),
        "scores": rounded(evaluation.eval["scores"][0, :, :, 0, -1].T),
    }
    (HERE / f"{name}.json").write_text(json.dumps(answer, separators=(",", ":")) + "\n")


def image(number):
    return {"id": number, "file_name": f"{number}.jpg", "width": 640, "height": 480}


def thing(number, image_id, category_id, box, area=None, crowd=0):
    area = box[2] * box[3] if area is None else area
    return {"id": number, "image_id": image_id, "category_id": category_id, "bbox": box, "area": area,
            "iscrowd": crowd}


def found(image_id, category_id, box, score):
    return {"image_id": image_id, "category_id": category_id, "bbox": box, "score": score}


def instances(images, categories, things):
    return {"images": [image(number) for number in images],
            "categories": [{"id": number, "name": f"class {number}"} for number in categories],
            "annotations": things}


def random_box(rng, digits):
    side = rng.choice([20, 60, 200, 400])
    width, height = rng.uniform(4, side), rng.uniform(4, side)
    box = [rng.uniform(0, 640 - width), rng.uniform(0, 480 - height), width, height]
    return [round(value, digits) for value in box]


def scenes(seed, pictures, digits=1, score_digits=2, per_picture=5):
    """Sparse category ids out of order, pictures and classes without objects, crowds, tied scores, areas of masks."""
    rng = random.Random(seed)
    images = rng.sample(range(1, 10 * pictures), pictures)
    categories = rng.sample(range(1, 91), 6)
    things, results = [], []
    for number in images:
        if rng.random() < 0.2:
            continue
        for _ in range(rng.randint(1, per_picture)):
            box = random_box(rng, digits)
            # The last two classes have no objects, only results.
            things.append(thing(len(things) + 1, number, rng.choice(categories[:4]), box,
                                round(box[2] * box[3] * rng.uniform(0.4, 1), 2), int(rng.random() < 0.15)))
    for one in things:
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            jitter = rng.choice([0.02, 0.1, 0.3])
            box = [round(value + jitter * one["bbox"][2 + index % 2] * rng.uniform(-1, 1), digits)
                   for index, value in enumerate(one["bbox"])]
            category = one["category_id"] if rng.random() < 0.9 else rng.choice(categories)
            results.append(found(one["image_id"], category, box, round(rng.random(), score_digits)))
    for number in images:
        for _ in range(rng.randint(0, 4)):
            results.append(found(number, rng.choice(categories), random_box(rng, digits),
                                 round(rng.random(), score_digits)))
    rng.shuffle(results)
    return instances(images, categories, things), results


def crowded():
    """Three pictures with up to 180 detections of one class, more than the 100 that count, scores in steps of 0.05."""
    rng = random.Random(5)
    things, results = [], []
    for number, amount in ((3, 180), (1, 101), (2, 100)):
        for _ in range(20):
            things.append(thing(len(things) + 1, number, 18, random_box(rng, 0)))
        here = [one for one in things if one["image_id"] == number]
        for _ in range(amount):
            box = [value + rng.randint(-4, 4) for value in rng.choice(here)["bbox"]]
            results.append(found(number, 18, [*box[:2], max(box[2], 1), max(box[3], 1)],
                                 round(rng.randint(1, 20) * 0.05, 2)))
    return instances([1, 2, 3], [18], things), results


def exact_limits():
    """Areas on 32x32 and 96x96, overlaps on each IoU threshold, and recall on each hundredth."""
    things, results, images = [], [], []
    for hundredth in range(100):
        images.append(hundredth + 1)
        side = (32, 96, 100)[hundredth % 3]
        things.append(thing(hundredth + 1, hundredth + 1, 1, [0, 0, side, side]))
        # The lower part of the object: the IoU is its share, in steps of 0.05.
        share = 100 - 5 * (hundredth % 11)
        box = [0, 0, side, side * share / 100]
        results.append(found(hundredth + 1, 1, box, 1 - hundredth / 200))
        if hundredth % 7 == 0:
            results.append(found(hundredth + 1, 1, [300, 300, 50, 50], 1 - hundredth / 200))
    for hundredth in range(100):
        things.append(thing(1000 + hundredth, hundredth + 1, 2, [200, 200, 64, 64]))
        results.append(found(hundredth + 1, 2, [200, 200, 64, 64], 1 - hundredth / 100))
        results.append(found((hundredth * 37) % 100 + 1, 2, [0, 0, 64, 64], 1 - hundredth / 100 - 0.005))
    return instances(images, [1, 2], things), results


def crowds_only():
    """A class of crowds alone, one where a crowd and an object compete, and an object with the number 0."""
    things = [thing(1, 1, 1, [0, 0, 100, 100], crowd=1),
              thing(2, 1, 2, [0, 0, 100, 100]), thing(3, 1, 2, [0, 0, 300, 300], crowd=1),
              thing(0, 1, 3, [50, 50, 40, 40]), thing(4, 2, 3, [50, 50, 40, 40]),
              thing(5, 1, 4, [10, 10, 20, 20]), thing(6, 1, 4, [10, 10, 120, 120])]
    results = [found(1, 1, [10, 10, 20, 20], 0.9), found(1, 2, [10, 10, 80, 80], 0.9),
               found(1, 2, [20, 20, 60, 60], 0.8), found(1, 2, [250, 250, 20, 20], 0.8),
               found(1, 2, [400, 400, 20, 20], 0.7), found(1, 3, [50, 50, 40, 40], 0.9),
               found(2, 3, [50, 50, 40, 40], 0.8), found(1, 4, [10, 10, 20, 20], 0.5),
               found(1, 4, [10, 10, 100, 120], 0.4), found(1, 4, [10, 10, 0, 0], 0.3)]
    return instances([2, 1], [4, 3, 2, 1], things), results


def large(folder):
    """As many pictures, objects and detections as val2017 has, with outlines, as large a file."""
    rng = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    categories = rng.sample(range(1, 91), 80)
    annotations = instances(range(1, 5001), categories, [])
    results = []
    for number in range(1, 36_782):
        box = random_box(rng, 2)
        one = thing(number, rng.randint(1, 5000), rng.choice(categories), box, crowd=int(rng.random() < 0.012))
        one["segmentation"] = [[round(rng.uniform(0, 640), 2) for _ in range(2 * rng.randint(8, 45))]]
        annotations["annotations"].append(one)
        for _ in range(4):
            results.append(found(one["image_id"], one["category_id"],
                                 [round(value + rng.uniform(-0.2, 0.2) * box[2 + index % 2], 3)
                                  for index, value in enumerate(box)], round(rng.random(), 5)))
    while len(results) < 400_000:
        results.append(found(rng.randint(1, 5000), rng.choice(categories), random_box(rng, 3),
                             round(rng.random(), 5)))
    for name, value in (("annotations", annotations), ("results", results)):
        (folder / f"{name}.json").write_text(json.dumps(value))
    start = time.perf_counter()
    annotations = json.loads((folder / "annotations.json").read_text())
    results = json.loads((folder / "results.json").read_text())
    parsed = time.perf_counter()
    loaded = load(annotations, results)
    prepared = time.perf_counter()
    evaluation = COCOeval(*loaded, "bbox")
    for step in (evaluation.evaluate, evaluation.accumulate, evaluation.summarize):
        quietly(step)
    done = time.perf_counter()
    print(f"pycocotools: JSON {parsed - start:.2f} s, index {prepared - parsed:.2f} s, "
          f"evaluation {done - prepared:.2f} s, all {done - start:.2f} s")
    print(json.dumps(evaluation.stats.tolist()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", type=pathlib.Path, metavar="DIR")
    folder = parser.parse_args().large
    if folder:
        large(folder)
        return
    for seed in range(1, 7):
        write(f"scenes-{seed}", *scenes(seed, pictures=14))
    write("integers", *scenes(7, pictures=20, digits=0, score_digits=1, per_picture=8))
    write("crowded", *crowded())
    write("exact-limits", *exact_limits())
    write("crowds-only", *crowds_only())
    write("no-results", scenes(8, pictures=6)[0], [])
    annotations, results = scenes(9, pictures=6)
    write("no-objects", {**annotations, "annotations": []}, results)


if __name__ == "__main__":
    main()
