#!/usr/bin/env python3
"""Writes deploy/prometheus/rules.yaml as a PrometheusRule for the Prometheus operator.

usage: deploy-rules.py [--check]      --check compares instead of writing
"""
import pathlib
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
TARGET = PROJECT / "deploy/kubernetes/overlays/monitoring/prometheus-rule.yaml"
HEAD = """---
# Made from deploy/prometheus/rules.yaml by scripts/deploy-rules.py.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: yolox
  labels:
    app.kubernetes.io/name: yolox
spec:
"""


def main():
    lines = (PROJECT / "deploy/prometheus/rules.yaml").read_text().split("\n")
    start = lines.index("groups:")
    text = HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines[start:]).rstrip("\n") + "\n"
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text)
    elif text != TARGET.read_text():
        sys.exit(f"{TARGET.relative_to(PROJECT)} differs from deploy/prometheus/rules.yaml; run scripts/deploy-rules.py")


if __name__ == "__main__":
    main()
