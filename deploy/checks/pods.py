#!/usr/bin/env python3
"""What schemas do not see: may these pods do more than the restricted standard allows, do parts name each other rightly?

usage: pods.py FILE...      each a rendered set of Kubernetes resources, or - for standard input
"""
import sys

import yaml

# https://kubernetes.io/docs/concepts/security/pod-security-standards/, "Restricted", and what we ask beyond it.
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def containers_of(resource):
    """(where, pod specification, container), for everything that makes pods."""
    spec = resource.get("spec") or {}
    pod = spec if resource["kind"] in ("Pod", "ServingRuntime") else spec.get("template", {}).get("spec", {})
    for container in pod.get("containers", []) + pod.get("initContainers", []):
        yield f"{resource['kind']} {resource['metadata']['name']}, {container['name']}", pod, container


def problems_of_container(resource_kind, pod, container):
    of_pod, own = pod.get("securityContext", {}), container.get("securityContext", {})
    context = {**of_pod, **own}
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if context.get("runAsUser", 0) == 0:
        yield "runAsUser is missing or root"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "there is no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true"
    if own.get("privileged") or own.get("capabilities", {}).get("add"):
        yield "it is privileged or adds capabilities"
    if own.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "not all capabilities are dropped"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "it shares a namespace of the host"
    if any("hostPath" in volume for volume in pod.get("volumes", [])):
        yield "it mounts a folder of the host"
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            if resource not in container.get("resources", {}).get(kind, {}):
                yield f"resources.{kind}.{resource} is missing"
    ports = {port.get("name") for port in container.get("ports", [])} | {
        port["containerPort"] for port in container.get("ports", [])}
    # Jobs, and pods by themselves, which are those of jobs, serve nobody.
    for probe in PROBES if resource_kind not in ("Pod", "Job") else ():
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        if port is None:
            yield f"{probe} is missing"
        elif port not in ports:
            yield f"{probe} asks port {port}, which the container does not have"
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"volume {mount['name']} is mounted but not there"


def problems_of_deployment(resource):
    pod = resource["spec"]["template"]["spec"]
    environment = {
        variable["name"]: variable.get("value")
        for container in pod["containers"]
        for variable in container.get("env", [])
    }
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: a Service called yolox would set YOLOX_PORT"
    stopping = int(environment.get("YOLOX_SHUTDOWN_DELAY", 0)) + int(environment.get("YOLOX_SHUTDOWN_TIMEOUT", 30))
    if pod.get("terminationGracePeriodSeconds", 30) <= stopping:
        yield f"terminationGracePeriodSeconds is not beyond the {stopping} s that stopping may take"
    labels, selector = resource["spec"]["template"]["metadata"]["labels"], resource["spec"]["selector"]["matchLabels"]
    if not selector.items() <= labels.items():
        yield "its selector does not select its own pods"


def problems_between(resources):
    """Does what selects pods select some, and what names a Deployment or a claim name one that is there?"""
    named = {(resource["kind"], resource["metadata"]["name"]) for resource in resources}
    pods = [resource["spec"]["template"]["metadata"]["labels"] for resource in resources if resource["kind"] == "Deployment"]
    for resource in resources:
        kind, spec = resource["kind"], resource.get("spec", {})
        who = f"{kind} {resource['metadata']['name']}"
        selector = {
            "Service": lambda: spec["selector"],
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"].get("matchLabels", {}),
        }.get(kind)
        if selector and not any(selector().items() <= labels.items() for labels in pods):
            yield who, "selects no pod"
        if kind == "HorizontalPodAutoscaler":
            target = (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
            if target not in named:
                yield who, f"scales {target[0]} {target[1]}, which is not there"
            if spec["minReplicas"] < 2:
                yield who, "one replica is none while it restarts"
        if kind in ("Deployment", "Job"):
            for volume in spec["template"]["spec"].get("volumes", []):
                for source, of, key in (("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"), ("secret", "Secret", "secretName")):
                    if source in volume and (of, volume[source][key]) not in named:
                        yield who, f"mounts {of} {volume[source][key]}, which is not there"


def main(paths):
    found = 0
    checked = 0
    for path in paths:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
            resources = [resource for resource in yaml.safe_load_all(file) if resource]
        problems = list(problems_between(resources))
        for resource in resources:
            for where, pod, container in containers_of(resource):
                checked += 1
                problems += [(where, problem) for problem in problems_of_container(resource["kind"], pod, container)]
            if resource["kind"] == "Deployment":
                problems += [("Deployment", problem) for problem in problems_of_deployment(resource)]
        for where, problem in problems:
            print(f"{path}: {where}: {problem}", file=sys.stderr)
        found += len(problems)
    if checked == 0:
        sys.exit("pods.py: no container in any file")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
