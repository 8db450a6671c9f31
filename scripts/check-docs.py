#!/usr/bin/env python3
"""Checks the documents: links and anchors exist, options and variables are those of the programs, figures agree with the
tables they come from, and the commands run.

usage: check-docs.py [--links] [YOLOX]

YOLOX is a built command (.build/release/yolox); yolox-train beside it is used if it is there. With --links, no command of
the documents is run.

A command block is indented or fenced as sh, and runs in a copy of the repository's documents, with a service behind
http://localhost:8080. A block that needs more has a comment before it that says what: <!-- not run: needs docker -->.
A fence with another language (text, json, swift) is not run; JSON has to be JSON.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PROJECT = pathlib.Path(__file__).resolve().parent.parent
MARK = re.compile(r"<!-- not run: (.+?) -->")
SHELL = ("sh", "bash", "")
# Programs whose options are known here.
OWN = ("yolox", "yolox-train")
# Options of docker that the text names without their program.
FOREIGN = {"cap-drop", "read-only"}
# Of a file with arguments, which the program reads before it parses the others.
HIDDEN = {("yolox-train", "fit"): {"config"}}
LIMIT_SECONDS = 60


class Block:
    def __init__(self, path, line, language, lines, mark):
        self.place = f"{path.relative_to(PROJECT)}:{line}"
        self.language, self.lines, self.mark = language, lines, mark

    def commands(self):
        """Logical lines, without comments and line breaks."""
        text = "\n".join(self.lines).replace("\\\n", " ")
        lines = (re.sub(r"\s+#\s.*$", "", line).strip() for line in text.split("\n"))
        return [" ".join(line.split()) for line in lines if line and not line.startswith("#")]


def documents():
    names = subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [PROJECT / name for name in names.split("\n") if name and not name.startswith((".github/", "Tests/"))]


def blocks(path):
    lines = path.read_text().split("\n")
    index, mark = 0, None
    while index < len(lines):
        line = lines[index]
        if found := MARK.search(line):
            mark = found[1]
        elif line.startswith("```"):
            end = index + 1
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield Block(path, index + 1, line[3:].strip(), lines[index + 1 : end], mark)
            index, mark = end, None
        elif line.startswith("    ") and (index == 0 or not lines[index - 1].strip()):
            end = index
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            yield Block(path, index + 1, "sh", [part[4:] for part in lines[index:end]], mark)
            index, mark = end - 1, None
        elif line.strip():
            mark = None
        index += 1


def prose(path):
    """The text without blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    return {slug(found[1]) for found in re.finditer(r"^#+ (.+)$", prose(path), re.MULTILINE)}


def check_links(path, problem):
    for found in re.finditer(r"\]\(([^)\s]+)\)|<(?:img|a)[^>]+(?:src|href)=\"([^\"]+)\"", prose(path)):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            problem(path, f"the link {link} leads nowhere")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            problem(path, f"{link}: no heading has this anchor")


def help_tree(command):
    """Options of a program by subcommand: {"weights fetch": {"directory", ...}}."""
    text = subprocess.run([command, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    found = {}

    def walk(node, path):
        names = {name["name"] for argument in node.get("arguments", []) for name in argument.get("names", [])}
        found[path] = names | {"help", "h", "version", "generate-completion-script"}
        for child in node.get("subcommands", []):
            walk(child, f"{path} {child['commandName']}".strip())

    walk(json.loads(text)["command"], "")
    for (program, path), names in HIDDEN.items():
        if pathlib.Path(command).name == program:
            found[path] |= names
    return found


def foreign_options():
    """Options of this project's scripts and of the programs that they call."""
    names = subprocess.run(
        ["git", "ls-files", "scripts", "Benchmarks", "Tests/Integration", "deploy", "examples", "Makefile", ".ci", "Dockerfile", "Package.swift"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")
    text = "\n".join(
        (PROJECT / name).read_text(errors="ignore") for name in names if name and not name.endswith((".md", ".json", ".svg"))
    )
    return set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]+)", text)), set(re.findall(r"\bYOLOX_[A-Z_]+\b", text))


def check_names(path, trees, problem):
    scripts, variables = foreign_options()
    own = set().union(*(names for tree in trees.values() for names in tree.values()))
    serve = {"YOLOX_" + name.upper().replace("-", "_") for name in trees["yolox"]["serve"]}
    reference = set(re.findall(r"\bYOLOX_[A-Z_]+\b", (PROJECT / "docs/configuration.md").read_text()))
    text = path.read_text()
    for name in sorted(set(re.findall(r"\bYOLOX_[A-Z][A-Z_]*[A-Z]\b", text)) - serve - reference - variables):
        problem(path, f"nothing reads the variable {name}")
    if path.name != "CHANGELOG.md":
        spans = [span for span in re.findall(r"`([^`\n]+)`", prose(path)) if re.match(r"--|yolox", span)]
        named = {name for span in spans for name in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]+)", span)}
        for name in sorted(named - own - scripts - FOREIGN):
            problem(path, f"no program has the option --{name}")
    for block in blocks(path):
        for command in block.commands() if block.language in SHELL else []:
            check_command(command, trees, lambda text, place=block.place: problem(place, text))


def check_command(command, trees, problem):
    """Subcommand and options of a line that calls one of our programs."""
    for part in re.split(r"[|;&]+", command):
        words = part.split()
        while words and (words[0] == "sudo" or re.match(r"[A-Z_]+=", words[0])):
            words.pop(0)
        program = words[0].rsplit("/", 1)[-1] if words else ""
        if program not in trees:
            continue
        path, rest = "", words[1:]
        while rest and f"{path} {rest[0]}".strip() in trees[program]:
            path = f"{path} {rest.pop(0)}".strip()
        if not path and rest and not rest[0].startswith("-"):
            problem(f"{program} has no command '{rest[0]}'")
        for word in rest:
            if (found := re.match(r"--([a-z0-9-]+)", word)) and found[1] not in trees[program][path]:
                problem(f"{program} {path} has no option --{found[1]}")


def table_rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n") if line.startswith("|")]


def check_figures(yolox, problem):
    reference = subprocess.run([yolox, "configuration-reference"], capture_output=True, text=True, check=True).stdout
    if reference != (PROJECT / "docs/configuration.md").read_text():
        problem("docs/configuration.md", "differs from what 'make docs' writes")
    check_speed(problem)
    version = subprocess.run([yolox, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    for name, pattern in (
        ("deploy/kubernetes/base/kustomization.yaml", r"newTag: (\S+)"),
        ("deploy/kserve/serving-runtime.yaml", r"image: \S+:(\S+)"),
        ("deploy/helm/Chart.yaml", r"[vV]ersion: (\d\S+)"),
        ("Sources/TrainCLI/Version.swift", r'"(\d[^"]*)"'),
    ):
        for found in re.findall(pattern, (PROJECT / name).read_text()):
            if found != version:
                problem(name, f"has version {found}, the command {version}")


def check_speed(problem):
    """README's times and ratios are those of docs/performance.md, rounded."""
    rows = table_rows((PROJECT / "docs/performance.md").read_text())
    start = next((index for index, row in enumerate(rows) if row[0] == "batch 1, threads"), None)
    readme = [row for row in table_rows((PROJECT / "README.md").read_text()) if re.match(r"(nano|tiny|S) \d+$", row[0])]
    if not readme or start is None:
        return problem("README.md", "has no table of speed to compare with docs/performance.md")
    columns = rows[start]
    table = {}
    for row in rows[start + 1 :]:
        if row[0].startswith("batch"):
            break
        table[row[0]] = row
    for network, threads, own, other, ratio in readme:
        column = columns.index(f"{network}, 1") + int(threads) - 1
        for name, value in (("fp32", own), ("ONNX Runtime fp32", other), ("fp32 to the better fp32", ratio)):
            measured = table[name][column]
            if abs(float(value.rstrip("x")) - float(measured.rstrip("x"))) > (0.5 if "." not in value else 0):
                problem("README.md", f"{network}, {threads} threads: {value}; docs/performance.md has {measured} ({name})")


class Service:
    """A service on a free port, with YOLOX-Nano."""

    def __init__(self, yolox, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"localhost:{probe.getsockname()[1]}"
        port = self.address.split(":")[1]
        self.process = subprocess.Popen(
            [yolox, "serve", "--weights", "yolox-nano", "--port", port], cwd=folder, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://{self.address}/readyz", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        self.stop()
        sys.exit("check-docs: the service does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def prepare(folder, yolox):
    """A copy of what the documents speak of, and the files that a reader has."""
    for name in ("docs/images", "examples", "weights"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("*.onnx", "*.pth", "client"))
    (folder / ".build").symlink_to(PROJECT / ".build")
    for name in ("dog.jpg", "one.jpg", "two.jpg", "photo.jpg"):
        shutil.copy(PROJECT / "docs/images/street.png", folder / name)
    weights = folder / "weights/yolox-nano-street.safetensors"
    run = lambda *arguments: subprocess.run([yolox, *map(str, arguments)], cwd=folder, check=True, capture_output=True, text=True)
    for name in ("best.pth", "door.onnx", "street.pth"):
        run("weights", "convert", weights, name)
    labels = run("labels", "--weights", weights).stdout
    for name in ("names.txt", "door.txt"):
        (folder / name).write_text(labels)
    (folder / "runs/mine").mkdir(parents=True)
    shutil.copy(weights, folder / "runs/mine/best.safetensors")


def run_server(command, folder, environment):
    """A command that ends only when it is told to: it has to become ready."""
    log = folder / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            f"exec {command} --port 0", shell=True, cwd=folder, env=environment, stdout=output, stderr=output
        )
    try:
        for _ in range(LIMIT_SECONDS * 10):
            if process.poll() is not None or " ready " in log.read_text():
                break
            time.sleep(0.1)
        if process.poll() is None and " ready " in log.read_text():
            process.send_signal(signal.SIGTERM)
            return process.wait(60), log.read_text()
        return 1, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def run_blocks(paths, yolox, problem):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = dict(os.environ, PATH=f"{pathlib.Path(yolox).parent}:{os.environ['PATH']}")
        if subprocess.run([yolox, "weights", "fetch", "yolox-nano"], capture_output=True).returncode != 0:
            print("check-docs: the commands were not run: yolox-nano is not here and cannot be downloaded")
            return
        prepare(folder, yolox)
        nano = subprocess.run([yolox, "weights", "fetch", "yolox-nano"], capture_output=True, text=True).stdout.split()[0]
        environment["YOLOX_WEIGHTS_DIR"] = os.environ["YOLOX_WEIGHTS_DIR"] = str((PROJECT / nano).resolve().parent)
        service = Service(yolox, folder)
        count = 0
        try:
            for block in (block for path in paths for block in blocks(path)):
                if block.language == "json":
                    try:
                        json.loads("\n".join(block.lines))
                    except ValueError as error:
                        problem(block.place, f"is no JSON: {error}")
                if block.language not in SHELL or block.mark:
                    continue
                for command in block.commands():
                    count += 1
                    if re.match(r"(\S*/)?yolox serve\b", command):
                        code, output = run_server(command, folder, environment)
                    else:
                        command = command.replace("localhost:8080", service.address)
                        # A response of the service with an error is a failed command.
                        command = re.sub(r"^curl ", "curl -sS --fail-with-body ", command)
                        try:
                            done = subprocess.run(
                                command, shell=True, cwd=folder, env=environment, timeout=LIMIT_SECONDS, text=True,
                                errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                            code, output = done.returncode, done.stdout
                        except subprocess.TimeoutExpired:
                            code, output = 1, f"still runs after {LIMIT_SECONDS} s"
                    if code != 0:
                        problem(block.place, f"{command}\n    {output.strip()[-400:]}")
        finally:
            service.stop()
        print(f"check-docs: {count} commands ran")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--links", action="store_true", help="run no commands")
    parser.add_argument("yolox", nargs="?", default=PROJECT / ".build/release/yolox", type=pathlib.Path)
    arguments = parser.parse_args()
    yolox = str(arguments.yolox.resolve())
    trees = {name: help_tree(path) for name in OWN if (path := arguments.yolox.resolve().parent / name).exists()}
    shared = PROJECT / "../shared/weights"
    if shared.is_dir():
        os.environ.setdefault("YOLOX_WEIGHTS_DIR", str(shared.resolve()))

    problems = []

    def problem(place, text):
        place = place.relative_to(PROJECT) if isinstance(place, pathlib.Path) else place
        problems.append(f"{place}: {text}")

    paths = documents()
    for path in paths:
        check_links(path, problem)
        check_names(path, trees, problem)
    check_figures(yolox, problem)
    if not arguments.links:
        run_blocks(paths, yolox, problem)
    for text in problems:
        print(text, file=sys.stderr)
    print(f"check-docs: {len(paths)} documents, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
