"""Finds objects in images through the client that generate.sh makes.

    examples/python/generate.sh http://localhost:8080 client
    PYTHONPATH=client python3 examples/python/detect.py http://localhost:8080 dog.jpg more.jpg --key KEY

Needs httpx and attrs, as the client does. A line for each object: file, label, score, box in pixels of the image.
"""

import argparse
import sys
from pathlib import Path

from swift_yolox_client import AuthenticatedClient, Client
from swift_yolox_client.api.detection import detect
from swift_yolox_client.api.models import list_models
from swift_yolox_client.models import ImageForm, Detections, Problem
from swift_yolox_client.types import File


def main():
    options = argparse.ArgumentParser(description="Finds objects in images.")
    options.add_argument("url")
    options.add_argument("images", nargs="+", type=Path)
    options.add_argument("--key", default="")
    options.add_argument("--score-threshold", type=float, default=0.4, help="leave out what scores less")
    options = options.parse_args()

    if options.key:
        client = AuthenticatedClient(options.url, token=options.key)
    else:
        client = Client(options.url)
    models = list_models.sync(client=client)
    if isinstance(models, Problem):
        sys.exit(f"{models.title}: {models.detail}")
    print("models:", ", ".join(model.name for model in models.models))

    for path, answer in zip(options.images, ask(client, options.images, options.score_threshold)):
        if not isinstance(answer, Detections):
            print(path.name, answer.title, answer.detail, sep="\t")
            continue
        for found in answer.detections:
            box = " ".join(f"{side:.0f}" for side in (found.box.x1, found.box.y1, found.box.x2, found.box.y2))
            print(path.name, found.label, f"{found.score:.2f}", box, sep="\t")


def ask(client, images, score):
    """What each image shows, or the problem that there is with it."""
    if len(images) == 1:
        with images[0].open("rb") as image:
            return [detect.sync(client=client, body=File(image), score_threshold=score)]
    files = [File(path.open("rb"), path.name, "application/octet-stream") for path in images]
    answer = detect.sync(client=client, body=ImageForm(image=files, score_threshold=score))
    if isinstance(answer, Problem):
        return [answer] * len(images)
    return [one if isinstance(one, Detections) else one.error for one in answer.results]


main()
