#!/usr/bin/env python3
"""Writes an SBOM (SPDX 2.3, JSON) of a release to standard output: the Swift packages that are linked into the command, the
shared libraries that it loads, and the weights.

usage: deploy-sbom.py YOLOX VERSION > swift-yolox.spdx.json

Package.resolved has to be that of the build. The date is that of the commit.
"""
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent


def package(name, version, license_id="NOASSERTION", location="NOASSERTION", **more):
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "name": name, "versionInfo": version,
        "downloadLocation": location, "licenseConcluded": license_id, "filesAnalyzed": False, **more,
    }


def swift_packages():
    for pin in json.loads((PROJECT / "Package.resolved").read_text())["pins"]:
        state = pin["state"]
        yield package(pin["identity"], state.get("version", state["revision"]), "Apache-2.0", "git+" + pin["location"] + "@" + state["revision"])


def shared_libraries(command):
    """Debian's packages of the libraries that the command loads."""
    output = subprocess.run(["ldd", command], capture_output=True, text=True, check=True).stdout
    names = set()
    for path in re.findall(r"=> (/\S+)", output):
        for file in (path, str(pathlib.Path(path).resolve())):
            found = subprocess.run(["dpkg-query", "-S", file], capture_output=True, text=True).stdout
            if found:
                names.add(found.split(": ")[0].split(",")[0])
                break
    for name in sorted(names):
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=True).stdout
        yield package(name.split(":")[0], version, externalRefs=[{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name.split(':')[0]}@{version}",
        }])


def weights():
    model = json.loads((PROJECT / "weights/manifest.json").read_text())["models"]
    nano = next(entry for entry in model if entry["name"] == "yolox-nano")
    digest = [{"algorithm": "SHA256", "checksumValue": nano["sha256"]}]
    return package("yolox-nano weights", "0.1.1rc0", "Apache-2.0", nano["url"], checksums=digest)


def main(command, version):
    digest = hashlib.sha256(pathlib.Path(command).read_bytes()).hexdigest()
    seconds = int(subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout)
    own = package("swift-yolox", version, "Apache-2.0", checksums=[{"algorithm": "SHA256", "checksumValue": digest}])
    parts = [*swift_packages(), *shared_libraries(command), weights()]
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"swift-yolox-{version}", "documentNamespace": f"https://spdx.org/spdxdocs/swift-yolox-{version}-{digest}",
        "creationInfo": {
            "created": datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: the swift-yolox authors", "Tool: deploy-sbom.py"],
        },
        "packages": [own, *parts],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}]
        + [{"spdxElementId": own["SPDXID"], "relationshipType": "CONTAINS", "relatedSpdxElement": part["SPDXID"]} for part in parts],
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
