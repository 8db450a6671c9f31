"""Checks the scripts inside GitHub's workflows: shellcheck, and that each file of this project that they call exists.

usage: workflows.py WORKFLOW...
"""
import os
import pathlib
import re
import subprocess
import sys

import yaml


def scripts(path):
    """Name and text of each `run`. An expression of the workflow becomes a word, as the runner replaces it before the shell."""
    for name, job in yaml.safe_load(path.read_text())["jobs"].items():
        for step in job["steps"]:
            if "run" in step:
                yield f"{path.name}, {name}, {step.get('name', '')}", re.sub(r"\$\{\{.*?\}\}", "EXPRESSION", step["run"])


def main():
    failed = False
    for path in map(pathlib.Path, sys.argv[1:]):
        for place, text in scripts(path):
            done = subprocess.run(["shellcheck", "--shell=bash", "-"], input=text, capture_output=True, text=True)
            # The runner's shell ends at the first error by itself (bash -e).
            if done.returncode != 0:
                print(f"{place}:\n{done.stdout}")
                failed = True
            for program in re.findall(r"(?:^|[\s;&|(])((?:scripts|deploy|Tests|\.ci)/[\w./-]+)", text):
                if not os.access(program, os.R_OK):
                    print(f"{place}: {program} does not exist")
                    failed = True
    sys.exit(failed)


main()
