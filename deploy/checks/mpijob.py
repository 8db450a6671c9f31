#!/usr/bin/env python3
"""What the schema of an MPIJob does not see: do its parts agree with each other, and with the programs they start?

usage: mpijob.py FILE --pods            prints its pods, to be checked as such
       mpijob.py FILE [YOLOX-TRAIN]     compares numbers, paths and, where a built yolox-train is given, options
"""
import pathlib
import re
import subprocess
import sys

import yaml


def value_after(arguments, option):
    return arguments[arguments.index(option) + 1]


def problems(job, sshd_config, program):
    spec = job["spec"]
    launcher, worker = (spec["mpiReplicaSpecs"][name] for name in ("Launcher", "Worker"))
    launching, working = (part["template"]["spec"]["containers"][0] for part in (launcher, worker))
    arguments = launching["args"]
    processes = worker["replicas"] * spec["slotsPerWorker"]
    if int(value_after(arguments, "-np")) != processes:
        yield f"mpirun starts {value_after(arguments, '-np')} processes, the workers have room for {processes}"
    if int(value_after(arguments, "--batch-size")) % processes:
        yield f"a batch of {value_after(arguments, '--batch-size')} cannot be divided among {processes} processes"
    if launching["image"] != working["image"]:
        yield "launcher and workers are of different images"
    threads = int(value_after(arguments, "--threads")) * spec["slotsPerWorker"]
    if str(threads) != working["resources"]["limits"]["cpu"]:
        yield f"{threads} threads in a worker of {working['resources']['limits']['cpu']} processors"
    for name, part in (("launcher", launcher), ("worker", worker)):
        pod = part["template"]["spec"]
        command = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        saving = re.search(r"\bsleep (\d+)", " ".join(command))
        if saving is None:
            yield f"the {name} does not wait for the checkpoint"
        elif pod.get("terminationGracePeriodSeconds", 30) <= int(saving[1]):
            yield f"the {name} is killed before the {saving[1]} s that saving may take"
    mounted = [mount["mountPath"] for mount in working["volumeMounts"]]
    for option in ("--data", "--output"):
        path = value_after(arguments, option)
        if not any(path == place or path.startswith(place + "/") for place in mounted):
            yield f"{option} {path} is on no volume of the workers"
    facts = dict(line.split(None, 1) for line in sshd_config.splitlines() if line and not line.startswith("#"))
    if int(facts["Port"]) not in [port["containerPort"] for port in working["ports"]]:
        yield f"sshd listens on port {facts['Port']}, which the worker does not have"
    if not facts["HostKey"].startswith(spec["sshAuthMountPath"] + "/"):
        yield f"sshd's key {facts['HostKey']} is not where the operator mounts it"
    if program:
        text = subprocess.run([program, "fit", "--help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"^  (--[a-z0-9-]+)", text, re.MULTILINE))
        given = arguments[arguments.index("fit") + 1 :]
        for option in [word for word in given if word.startswith("--")]:
            if option not in known:
                yield f"yolox-train fit has no {option}"


def main(path, *rest):
    job = yaml.safe_load(path.read_text())
    if rest == ("--pods",):
        for name, part in job["spec"]["mpiReplicaSpecs"].items():
            metadata = {"name": f"{job['metadata']['name']}-{name.lower()}"}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": part["template"]["spec"]}
            print("---\n" + yaml.safe_dump(pod), end="")
        return
    found = list(problems(job, path.with_name("sshd_config").read_text(), rest[0] if rest else None))
    for problem in found:
        print(f"{path}: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
