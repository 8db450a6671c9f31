"""Writes scene.png, a collage of drawn scenes that the demo network answers with a dog, a bicycle and a car, and scene.json,
what the authors' code makes of it with the same weights.

    python scene.py YOLOX WEIGHTS SCENES [YOLOX-COMMAND]

YOLOX is a clone of the authors' repository, WEIGHTS the demo network, SCENES a folder of `yolox-train scenes --seed 2`. With
the command `yolox`, collages are tried until one has what the service's tests ask for: the dog above 0.8 at the bottom left,
then the bicycle, whose box reaches into the top right quarter, then the car within that quarter, between 0.5 and 0.78, and
nothing else. Without it, scene.png stays and only scene.json is written. Needs torch, numpy, opencv-python-headless and
safetensors.
"""

import importlib.util
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import torch
from safetensors import safe_open

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 768, 576


def collage(chance, scenes):
    """Crops of one object each, with some of what is around it, on gray."""
    canvas = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
    # Center and height of the crops, as parts of the canvas.
    places = {"bicycle": (0.5, 0.42, 0.45), "car": (0.78, 0.22, 0.3), "dog": (0.2, 0.7, 0.5)}
    for label, (x, y, height) in places.items():
        image, box = chance.choice(scenes[label])
        left, top, width, tall = box
        margin = 0.12 * max(width, tall)
        x1, y1 = max(0, int(left - margin)), max(0, int(top - margin))
        crop = image[y1:int(top + tall + margin) + 1, x1:int(left + width + margin) + 1]
        scale = height * HEIGHT * chance.uniform(0.8, 1.2) / crop.shape[0]
        scale = min(scale, 0.45 * WIDTH / crop.shape[1])
        crop = cv2.resize(crop, None, fx=scale, fy=scale)
        rows, columns = crop.shape[:2]
        row = int(np.clip(y * HEIGHT - rows / 2, 0, HEIGHT - rows))
        column = int(np.clip(x * WIDTH - columns / 2, 0, WIDTH - columns))
        canvas[row:row + rows, column:column + columns] = crop
    return canvas


def objects(folder):
    """Images and boxes of large, whole objects, by label."""
    truth = json.loads((folder / "annotations/instances_val.json").read_text())
    labels = {category["id"]: category["name"] for category in truth["categories"]}
    names = {image["id"]: image for image in truth["images"]}
    scenes = {"dog": [], "bicycle": [], "car": []}
    for found in truth["annotations"]:
        label, image = labels[found["category_id"]], names[found["image_id"]]
        left, top, width, height = found["bbox"]
        whole = left > 2 and top > 2 and left + width < image["width"] - 2 and top + height < image["height"] - 2
        if label in scenes and whole and not found.get("iscrowd") and height > 70:
            scenes[label].append((cv2.imread(str(folder / "val" / image["file_name"])), found["bbox"]))
    return scenes


def fits(found):
    if [one["label"] for one in found if one["score"] >= 0.27] != ["dog", "bicycle", "car"] or len(found) < 4:
        return False
    dog, bicycle, car = found[:3]
    inside = lambda box: box[0] > WIDTH / 2 + 4 and box[3] < HEIGHT / 2 - 4
    touches = lambda box: box[2] > WIDTH / 2 + 4 and box[1] < HEIGHT / 2 - 4
    return (
        0.82 <= dog["score"] < 0.985 and 0.5 < car["score"] < 0.78 and bicycle["score"] > 0.52
        and dog["score"] - bicycle["score"] > 0.01 and bicycle["score"] - car["score"] > 0.01
        and inside(car["box"]) and touches(bicycle["box"]) and not inside(bicycle["box"]) and not touches(dog["box"]))


def search(command, weights, scenes):
    chance = random.Random(1)
    for _ in range(200):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(60):
                cv2.imwrite(f"{folder}/{number}.png", collage(chance, scenes))
            output = subprocess.run(
                [command, "detect", folder, "--weights", weights, "--score-threshold", "0.05", "--format", "json"],
                stdout=subprocess.PIPE, check=True, text=True).stdout
            for entry in [json.loads(line) for line in output.splitlines()]:
                found = [{**one, "box": list(one["box"].values())} for one in entry["detections"]]
                if fits(found):
                    pathlib.Path(HERE / "scene.png").write_bytes(pathlib.Path(entry["file"]).read_bytes())
                    return
    sys.exit("no collage fits")


def detections(repository, weights):
    """The authors' network, preprocessing and decoding in float64, and their class-aware NMS at 0.45."""
    from yolox.models import YOLOX, YOLOPAFPN, YOLOXHead

    # The package around it needs pycocotools.
    spec = importlib.util.spec_from_file_location("data_augment", f"{repository}/yolox/data/data_augment.py")
    augment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(augment)
    with safe_open(weights, "pt") as file:
        metadata = file.metadata()
        state = {key: file.get_tensor(key).double() for key in file.keys() if not key.startswith("calibration")}
    labels = metadata["labels"].split("\n")
    channels = [256, 512, 1024]
    model = YOLOX(
        YOLOPAFPN(0.33, 0.25, in_channels=channels, depthwise=True),
        YOLOXHead(len(labels), 0.25, in_channels=channels, depthwise=True)).double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    missing, _ = model.load_state_dict(state, strict=False)
    assert all(key.endswith("num_batches_tracked") for key in missing), missing
    side = 352
    image, scale = augment.preproc(cv2.imread(str(HERE / "scene.png")), (side, side))
    with torch.no_grad():
        rows = model(torch.from_numpy(image).double()[None])[0].numpy()
    boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], 1) / scale
    scores = rows[:, 4] * rows[:, 5:].max(1)
    classes = rows[:, 5:].argmax(1)
    kept = []
    for index in np.argsort(-scores):
        if scores[index] < 0.05:
            break
        if all(classes[index] != classes[other] or iou(boxes[index], boxes[other]) <= 0.45 for other in kept):
            kept.append(index)
    return [
        {"label": labels[classes[index]], "class_id": int(classes[index]), "score": round(float(scores[index]), 4),
         "box": [round(float(side), 2) for side in boxes[index]]} for index in kept]


def iou(a, b):
    width, height = (max(0, min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis])) for axis in (0, 1))
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def main():
    repository, weights, folder, *command = sys.argv[1:]
    sys.path.insert(0, repository)
    if command:
        search(command[0], weights, objects(pathlib.Path(folder)))
    found = detections(repository, weights)
    (HERE / "scene.json").write_text(json.dumps({"width": WIDTH, "height": HEIGHT, "detections": found}, indent=1) + "\n")
    for one in found:
        print(one)


if __name__ == "__main__":
    main()
