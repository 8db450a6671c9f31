"""Writes doods-filter.json: scenes with what DOODS2's own filter leaves of them.

    python3 Tests/Fixtures/Service/make.py path/to/doods2

Runs filter_detections of doods.py from a checkout of https://github.com/snowzach/doods2, which needs nothing else of it.
"""

import ast
import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace

source = (Path(sys.argv[1]) / "doods.py").read_text()
function = next(
    node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == "filter_detections"
)
function.decorator_list = []
names = {}
exec(compile(ast.Module([function], []), "doods.py", "exec"), names)

LABELS = ["dog", "car", "person"]
chance = random.Random(6)


def wishes():
    return {label: chance.choice([0, 20, 50, 80]) for label in LABELS + ["*"] if chance.random() < 0.4}


def box():
    left, right = sorted(chance.randrange(0, 9) / 8 for _ in range(2))
    top, bottom = sorted(chance.randrange(0, 9) / 8 for _ in range(2))
    return {"top": top, "left": left, "bottom": bottom, "right": right}


scenes = []
for _ in range(60):
    detections = [
        {**box(), "label": chance.choice(LABELS), "confidence": chance.choice([10.0, 20.0, 50.0, 62.5, 80.0, 97.0])}
        for _ in range(6)
    ]
    regions = []
    for index in range(chance.randrange(0, 3)):
        region = {**box(), "detect": wishes(), "covers": chance.random() < 0.5}
        if chance.random() < 0.7:
            region["id"] = f"region {index}"
        regions.append(region)
    request = {"data": "", "detect": wishes(), "regions": regions}
    found = [SimpleNamespace(**detection, region_id=None) for detection in detections]
    left = names["filter_detections"](
        found, request["detect"], [SimpleNamespace(**{"id": None, **region}) for region in regions]
    )
    scenes.append(
        {
            "request": request,
            "detections": detections,
            "left": [{"index": found.index(one), "region": one.region_id} for one in left],
        }
    )

target = Path(__file__).parent / "doods-filter.json"
target.write_text(json.dumps(scenes, separators=(",", ":")) + "\n")
print(f"{target}: {sum(len(scene['left']) for scene in scenes)} of {sum(len(scene['detections']) for scene in scenes)} left")
