"""Runs the deepstack plugin of Frigate against a running service.

    python3 Tests/Integration/Clients/frigate.py http://localhost:8080 dog.jpg PLUGIN [KEY]

PLUGIN is frigate/detectors/plugins/deepstack.py of Frigate's repository, unchanged. The two modules that it imports from Frigate,
an interface and a settings class, are replaced: the originals import all of Frigate. Needs numpy, pillow, pydantic and requests.
"""

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict

# Frigate's default labels with the indices of COCO's 91 categories that this test needs, as in its labelmap.txt.
LABELS = {0: "person", 1: "bicycle", 2: "car", 17: "dog"}


def load(plugin):
    class BaseDetectorConfig(BaseModel):
        model_config = ConfigDict(extra="allow", protected_namespaces=())

    class DetectionApi:
        pass

    for name, members in [
        ("frigate", {}), ("frigate.detectors", {}), ("frigate.detectors.detection_api", {"DetectionApi": DetectionApi}),
        ("frigate.detectors.detector_config", {"BaseDetectorConfig": BaseDetectorConfig}),
    ]:
        module = sys.modules[name] = types.ModuleType(name)
        vars(module).update(members)
    spec = importlib.util.spec_from_file_location("deepstack", plugin)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    url, image, plugin, *keys = sys.argv[1:]
    module = load(Path(plugin))
    config = types.SimpleNamespace(
        api_url=f"{url}/v1/vision/detection", api_timeout=60.0, api_key=keys[0] if keys else "",
        model=types.SimpleNamespace(merged_labelmap=LABELS))
    # Frigate gives its detectors a square.
    with Image.open(image) as opened:
        tensor = np.asarray(opened.convert("RGB").resize((640, 640)))[np.newaxis]
    detector = module.DeepStack(config)
    found = detector.detect_raw(tensor)
    labels = {LABELS[int(row[0])] for row in found if row[1] > 0}
    if not {"dog", "bicycle"} <= labels or found.shape != (20, 6) or found[:, 2:].max() > 1.01:
        sys.exit(f"Frigate's plugin: not as expected: {found[:4]}")
    print(f"ok  Frigate's plugin finds {', '.join(sorted(labels))}")
    # More objects than its array has rows, and labels that it does not know.
    crowd = np.tile(tensor[:, ::4, ::4], (1, 4, 4, 1))
    print(f"ok  and {int((detector.detect_raw(crowd)[:, 1] > 0).sum())} of a crowd, without an error")


main()
