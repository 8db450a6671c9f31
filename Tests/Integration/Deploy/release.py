#!/usr/bin/env python3
"""Runs the steps of .github/workflows/release.yml that are scripts, as the workflow would for a tag of this commit.

usage: release.py [--yolox YOLOX] [FOLDER]      FOLDER keeps the clone with its dist/; without it, a temporary folder

A clean clone of the commit gets the changelog's section of the version and the tag. The steps of the job `packages` build
there. The step of `publish` that attaches the files gets what was built (twice, once under the name of the other
architecture) and a program `gh` that only checks its arguments. Steps that use an action of GitHub, or docker, are named and
not run. Needs what `make release` needs, and takes as long as a release build. YOLOX, a command built from this commit with
--static-swift-stdlib, is packaged instead of one that is built in the clone; yolox-train is beside it.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    sys.exit("release: needs PyYAML; run deploy/check.sh, then this with .venv-check/bin/python")

PROJECT = pathlib.Path(__file__).resolve().parents[3]
GH = """#!/bin/sh
# Stands for GitHub's command: every file has to exist.
[ "$1 $2" = "release create" ] || exit 1
for argument in "$@"; do case $argument in files/*) [ -s "$argument" ] && echo "attached $argument" || exit 1 ;; esac; done
"""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, **options)


def output(*command, **options):
    return run(*command, stdout=subprocess.PIPE, **options).stdout.strip()


def steps(workflow, job):
    for step in workflow["jobs"][job]["steps"]:
        yield step.get("name") or step["uses"], step.get("run")


def clone(folder, version):
    """The commit, tagged, with the version in the changelog as docs/release.md wants it before a tag."""
    run("git", "clone", "--quiet", str(PROJECT), str(folder))
    run("git", "-C", str(folder), "checkout", "--quiet", output("git", "-C", str(PROJECT), "rev-parse", "HEAD"))
    changelog = folder / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## Unreleased", f"## {version}", 1))
    git = ("git", "-C", str(folder), "-c", "user.name=release", "-c", "user.email=release@localhost")
    run(*git, "commit", "--quiet", "--all", "--message", f"Release {version}")
    run(*git, "tag", f"v{version}")


def step(name, text, folder, environment):
    print(f"release: {name}", flush=True)
    # As GitHub's runner calls bash.
    done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text], cwd=folder, env=environment)
    if done.returncode != 0:
        sys.exit(f"release: FAILED: {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--yolox", type=pathlib.Path)
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    folder = (options.folder or pathlib.Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    workflow = yaml.safe_load((PROJECT / ".github/workflows/release.yml").read_text())
    version = output(str(PROJECT / "scripts/deploy-version.sh"))
    architecture = output("dpkg", "--print-architecture")
    checkout = folder / "checkout"
    shutil.rmtree(checkout, ignore_errors=True)
    clone(checkout, version)
    # The steps write to git's settings of the user: a copy of them.
    settings = folder / "gitconfig"
    own = pathlib.Path(os.environ.get("GIT_CONFIG_GLOBAL", pathlib.Path.home() / ".gitconfig"))
    settings.write_text(own.read_text() if own.exists() else "")
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(0o755)
    environment = dict(
        os.environ, GITHUB_REF_NAME=f"v{version}", GITHUB_WORKSPACE=str(checkout), GITHUB_REPOSITORY="owner/swift-yolox",
        GIT_CONFIG_GLOBAL=str(settings), PATH=f"{programs}:{os.environ['PATH']}",
    )
    # Reference data beside the checkout saves the download.
    shared = PROJECT.parent / "shared/weights"
    if shared.is_dir():
        environment.setdefault("YOLOX_WEIGHTS_DIR", str(shared))
    left_out = []
    for name, text in steps(workflow, "packages"):
        if text is None:
            left_out.append(name)
        else:
            if options.yolox and "release" in text:
                # The SBOM needs the versions of the packages, which a build leaves behind.
                text = text.replace(" release", f" && swift package resolve && scripts/deploy-release.sh {options.yolox.resolve()}")
            step(name, text, checkout, environment)
    left_out += [name for name, _ in steps(workflow, "image")]

    publish = folder / "publish"
    shutil.rmtree(publish, ignore_errors=True)
    for target in ("amd64", "arm64"):
        (publish / target).mkdir(parents=True)
        shutil.copy(checkout / "notes.md", publish / target)
        shutil.copytree(checkout / "dist", publish / target / "dist")
        dist = publish / target / "dist"
        if target != architecture:
            for file in dist.iterdir():
                file.rename(dist / file.name.replace(architecture, target))
            sums = dist / "SHA256SUMS"
            sums.write_text(re.sub(rf"\b{architecture}\b|(?<=_){architecture}(?=\.)", target, sums.read_text()))
    for name, text in steps(workflow, "publish"):
        if text is None or "docker" in text:
            left_out.append(name)
        else:
            step(name, text, publish, environment)
    print(f"release: not run, because they need GitHub or docker: {', '.join(left_out)}")
    print(f"release: passed; the files are in {checkout / 'dist'}")


main()
