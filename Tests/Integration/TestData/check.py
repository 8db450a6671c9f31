#!/usr/bin/env python3
"""Tests scripts/test-data.py with file:// addresses: download, resumption, verification, cut annotations. Needs curl.

usage: Tests/Integration/TestData/check.py
"""

import hashlib
import json
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts/test-data.py"


class TestData(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.remote, self.folder = (pathlib.Path(scratch.name) / name for name in ("remote", "data"))
        self.remote.mkdir()
        self.bytes = bytes(range(256)) * 100
        (self.remote / "7.jpg").write_bytes(self.bytes)
        whole = {
            "info": {"year": 2017}, "images": [{"id": n, "file_name": f"{n}.jpg"} for n in (9, 7, 8)],
            "annotations": [{"id": 1, "image_id": 8}, {"id": 2, "image_id": 7}], "categories": [{"id": 1}],
        }
        with zipfile.ZipFile(self.remote / "annotations.zip", "w") as archive:
            archive.writestr("annotations/instances_val2017.json", json.dumps(whole))
        self.manifest = {
            "annotations": (self.remote / "annotations.zip").as_uri(),
            "files": [{
                "path": "coco/val2017/7.jpg", "url": (self.remote / "7.jpg").as_uri(), "bytes": len(self.bytes),
                "sha256": hashlib.sha256(self.bytes).hexdigest(),
            }],
        }
        self.image = self.folder / "coco/val2017/7.jpg"
        self.partial = self.image.with_name("7.jpg.partial")

    def run_script(self):
        path = self.remote / "manifest.json"
        path.write_text(json.dumps(self.manifest))
        return subprocess.run(
            [SCRIPT, "--manifest", path, self.folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def leave_partial(self, content):
        self.image.parent.mkdir(parents=True)
        self.partial.write_bytes(content)

    def test_downloads_once_and_cuts_the_annotations(self):
        self.assertIn("1 files were fetched", self.run_script().stdout)
        self.assertEqual(self.image.read_bytes(), self.bytes)
        cut = json.loads((self.folder / "coco/instances_val2017.json").read_text())
        self.assertEqual([image["id"] for image in cut["images"]], [7])
        self.assertEqual([annotation["id"] for annotation in cut["annotations"]], [2])
        self.assertEqual((cut["info"], cut["categories"]), ({"year": 2017}, [{"id": 1}]))
        self.assertFalse((self.folder / "annotations.zip").exists())
        # Nothing is asked for again.
        for path in self.remote.iterdir():
            path.unlink()
        self.assertIn("0 files were fetched", self.run_script().stdout)

    def test_resumes_after_what_is_there(self):
        # The first half is not the remote's: only a resumed download keeps it, and the digest tells.
        self.leave_partial(b"x" * 1000)
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("sha256", result.stdout)
        self.assertFalse(self.partial.exists() or self.image.exists())
        self.partial.write_bytes(self.bytes[:1000])
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.image.read_bytes(), self.bytes)

    def test_a_partial_file_that_is_whole_is_taken(self):
        self.leave_partial(self.bytes)
        (self.remote / "7.jpg").unlink()
        self.assertEqual(self.run_script().returncode, 0)
        self.assertTrue(self.image.exists())

    def test_a_damaged_file_is_fetched_again(self):
        self.run_script()
        self.image.write_bytes(self.bytes[:-1] + b"!")
        self.assertIn("1 files were fetched", self.run_script().stdout)
        self.assertEqual(self.image.read_bytes(), self.bytes)

    def test_says_which_address_failed_and_how_to_go_on(self):
        self.manifest["files"][0]["url"] = (self.remote / "missing.jpg").as_uri()
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("missing.jpg", result.stdout)
        self.assertIn("run the command again", result.stdout)

    def test_an_archive_that_is_none_is_removed(self):
        (self.remote / "annotations.zip").write_text("<html>")
        self.assertIn("not a zip archive", self.run_script().stdout)
        self.assertFalse(list(self.folder.glob("annotations.zip*")))

    def test_an_image_without_an_entry_in_the_annotations_is_an_error(self):
        self.manifest["files"][0]["path"] = "coco/val2017/5.jpg"
        self.assertIn("lack 1 images, for example 5.jpg", self.run_script().stdout)


if __name__ == "__main__":
    unittest.main()
