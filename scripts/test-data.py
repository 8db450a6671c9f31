#!/usr/bin/env python3
"""Downloads the test data that is not in the repository into .test-data: COCO's YOLOX-Nano, 159 photographs, annotations.

usage: scripts/test-data.py [--manifest FILE] [FOLDER]

Files that are there and whole are kept; an interrupted download resumes. Every file is verified by its SHA-256. COCO publishes
its annotations as one archive of 250 MB: it is cut to the photographs, and removed afterwards.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url, path):
    """Downloads to PATH.partial, resuming what is there, and returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    options = ["--fail", "--location", "--silent", "--show-error", "--retry", "3", "--connect-timeout", "20"]
    try:
        subprocess.run(["curl", *options, "--continue-at", "-", "--output", partial, "--", url], check=True)
    except FileNotFoundError:
        sys.exit("test-data: curl is not installed")
    except subprocess.CalledProcessError as error:
        sys.exit(f"test-data: {url}: curl exited with {error.returncode}; run the command again to resume")
    return partial


def fetch(entry, folder):
    path = folder / entry["path"]
    if path.exists() and path.stat().st_size == entry["bytes"] and digest(path) == entry["sha256"]:
        return False
    partial = path.with_name(path.name + ".partial")
    # A whole file cannot be resumed: servers answer 416.
    if not partial.exists() or partial.stat().st_size != entry["bytes"]:
        partial = download(entry["url"], path)
    found = digest(partial)
    if found != entry["sha256"]:
        partial.unlink()
        sys.exit(f"test-data: {entry['url']}: sha256 is {found}, not {entry['sha256']}; the file was removed")
    partial.replace(path)
    return True


def cut(whole, names):
    """The annotations of the images with these file names, in their order in the whole file."""
    images = [image for image in whole["images"] if image["file_name"] in names]
    missing = names - {image["file_name"] for image in images}
    if missing:
        sys.exit(f"test-data: the annotations lack {len(missing)} images, for example {min(missing)}")
    ids = {image["id"] for image in images}
    annotations = [annotation for annotation in whole["annotations"] if annotation["image_id"] in ids]
    return {**whole, "images": images, "annotations": annotations}


def fetch_annotations(manifest, folder):
    sets = {}
    for entry in manifest["files"]:
        parts = entry["path"].split("/")
        if parts[0] == "coco":
            sets.setdefault(parts[1], set()).add(parts[2])
    outputs = {name: folder / f"coco/instances_{name}.json" for name in sets}
    if all(path.exists() for path in outputs.values()):
        return
    archive = folder / "annotations.zip"
    if not archive.exists():
        print("annotations (250 MB)", flush=True)
        partial = download(manifest["annotations"], archive)
        if not zipfile.is_zipfile(partial):
            partial.unlink()
            sys.exit(f"test-data: {manifest['annotations']}: not a zip archive; the file was removed")
        partial.replace(archive)
    with zipfile.ZipFile(archive) as files:
        for name, path in outputs.items():
            with files.open(f"annotations/instances_{name}.json") as file:
                text = json.dumps(cut(json.load(file), sets[name]))
            partial = path.with_name(path.name + ".partial")
            partial.write_text(text)
            partial.replace(path)
    archive.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--manifest", type=pathlib.Path, default=ROOT / "Tests/test-data.json")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / ".test-data")
    options = parser.parse_args()
    manifest = json.loads(options.manifest.read_text())
    fetched = 0
    for number, entry in enumerate(manifest["files"], 1):
        if fetch(entry, options.folder):
            fetched += 1
            print(f"{number}/{len(manifest['files'])} {entry['path']}", flush=True)
    fetch_annotations(manifest, options.folder)
    print(f"test-data: {options.folder} is complete; {fetched} files were fetched")


if __name__ == "__main__":
    main()
