"""Renders the chart in deploy/helm with Helm's library, once with its defaults and once with everything on.

usage: helm.py CHART FOLDER      writes FOLDER/default.yaml and FOLDER/full.yaml

The full one also has the claim and the secret that its owner makes. Ends with 69 where helm-python-sdk is not installed.
"""
import pathlib
import sys

try:
    import helm_python
except ImportError:
    sys.exit(69)

FULL = {
    "monitoring": True, "weightsClaim": "weights", "apiKeySecret": "keys", "pullSecrets": [{"name": "registry"}],
    "image": {"repository": "registry.example.org/yolox", "tag": "1.2.3"},
    "env": {"YOLOX_WEIGHTS": "yolox-s", "YOLOX_MAX_IN_FLIGHT": 64},
}
OWNERS = """---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: weights}
spec: {accessModes: [ReadOnlyMany], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {api-keys: a2V5}
"""


def main():
    path, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    found = helm_python.lint(path)
    worse = [one for one in found["messages"] if one["error"] != "icon is recommended"]
    if worse or found["errors"]:
        sys.exit(f"{worse} {found['errors']}")
    with helm_python.Chart.load(path) as chart:
        for name, values, owners in (("default", {}, ""), ("full", FULL, OWNERS)):
            rendered = chart.render(values, name="demo", namespace="default")
            (folder / f"{name}.yaml").write_text("\n".join([*rendered.values(), owners]))


main()
