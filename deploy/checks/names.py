#!/usr/bin/env python3
"""Do rules, dashboard and manifests use names that the program has?

Metrics are compared with those that Sources/Service makes, YOLOX_ variables with the options that
`yolox serve --help` tells, where a built yolox is given.

usage: names.py PROJECT [YOLOX]
"""
import json
import pathlib
import re
import subprocess
import sys

# Variables that are not the service's options.
OTHER_VARIABLES = {"YOLOX_WEIGHTS_DIR"}
# What Prometheus itself adds.
OTHER_METRICS = {"up"}
SUFFIXES = ("_bucket", "_sum", "_count")


def metrics_of(source):
    return set(re.findall(r'"((?:yolox|process)_[a-z_]+)"', source))


def metrics_in(text):
    """Names of ours in PromQL; recording rules carry colons and are not asked for."""
    text = re.sub(r"[A-Za-z_]*:[A-Za-z0-9_:]*", "", text)
    return set(re.findall(r"\b(?:yolox|process)_[a-z_]+\b(?!\.onnx)", text))


def without_suffix(name):
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def expressions(dashboard):
    if isinstance(dashboard, dict):
        for key, value in dashboard.items():
            if key in ("expr", "query") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(dashboard, list):
        for value in dashboard:
            yield from expressions(value)


def options_of(yolox):
    text = subprocess.run([yolox, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    return {"YOLOX_" + name.upper().replace("-", "_") for name in re.findall(r"^  --([a-z0-9-]+)", text, re.MULTILINE)}


def rules_of(dashboard):
    """The dashboard's queries as a file of rules, so that promtool can say whether they are PromQL."""
    queries = [query for query in expressions(dashboard) if "(" in query or "{" in query]
    rules = []
    for index, query in enumerate(query for query in queries if not query.startswith("label_values")):
        query = query.replace("$__rate_interval", "1m").replace("$job", "yolox").replace("$instance", ".*")
        rules.append({"record": f"dashboard:query{index}", "expr": query})
    return {"groups": [{"name": "dashboard", "rules": rules}]}


def main(project, yolox=None):
    deploy = project / "deploy"
    dashboard = json.loads((deploy / "compose/grafana/dashboards/yolox.json").read_text())
    print(json.dumps(rules_of(dashboard)))
    problems = []

    made = metrics_of("\n".join(path.read_text() for path in (project / "Sources/Service").rglob("*.swift")))
    if not made:
        problems.append("Sources/Service makes no metrics")
    used = {"the dashboard": "\n".join(expressions(dashboard))}
    for path in [deploy / "prometheus/rules.yaml", *sorted((deploy / "kubernetes").rglob("*.yaml"))]:
        text = "\n".join(line.split(" #")[0] for line in path.read_text().splitlines() if not line.strip().startswith("#"))
        used[str(path.relative_to(project))] = text
    for where, text in used.items():
        for name in sorted(metrics_in(text) - OTHER_METRICS):
            if without_suffix(name) not in made and name not in made:
                problems.append(f"{where}: nothing makes the metric {name}")

    # The Job downloads what the manifest names.
    job = (deploy / "kubernetes/overlays/production/weights-job.yaml").read_text()
    manifest = json.loads((project / "weights/manifest.json").read_text())["models"]
    if not any(model.get("sha256") and all(model[key] in job for key in ("file", "url", "sha256")) for model in manifest):
        problems.append("weights-job.yaml: file, URL and digest are not those of weights/manifest.json")

    options = options_of(yolox) if yolox else None
    files = [path for path in deploy.rglob("*") if path.suffix in (".yaml", ".service", ".default")]
    for path in [project / "Dockerfile", *files] if options else []:
        for name in sorted(set(re.findall(r"\bYOLOX_[A-Z_]+\b", path.read_text())) - OTHER_VARIABLES - options):
            problems.append(f"{path.relative_to(project)}: {name} is no option of yolox serve")

    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
