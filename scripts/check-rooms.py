#!/usr/bin/env python3
"""Checks the arrows between the folders of each target against "Folders of a target" in docs/architecture.md.

A folder refers to another one if its code names a type, a function or a constant that the other one declares, or a member
of an extension there. Fails on an arrow that the document does not declare, on a declared one that runs in a circle, and
on a folder, a target or a path that does not exist on both sides. `--list` prints every arrow with an example.

The document declares layers: in "`A`, `B` -> `C` -> `D`", folders refer only to folders on their right. "root" means the
files beside the folders. Chains are separated by semicolons, and all arrows of a target together are transitive.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/architecture.md"
COMMENTS_AND_STRINGS = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
TYPE = re.compile(r"^( *)(?!.*\bprivate\b)[\w@() ]*\b(?:struct|class|enum|actor|protocol|typealias) +([A-Z]\w*)", re.M)
GLOBAL = re.compile(r"^(?!private|fileprivate)(?:[\w@()]+ )*(?:func|let|var) +(\w+)", re.M)
EXTENSION = re.compile(r"^[\w@() ]*\bextension [^\n{]*\{\n([\s\S]*?)^\}", re.M)
MEMBER = re.compile(r"^  (?!private|fileprivate)(?:[\w@()]+ )*(?:func|var|let|case) +`?(\w+)", re.M)
# Members of the standard library with the name of one in an extension here.
STANDARD_MEMBERS = {"initialize"}
ANY_MEMBER = re.compile(r"\b(?:func|var|let|case) +`?(\w+)")


def room(file, target):
    parts = file.relative_to(target).parts[:-1]
    return parts[0] if parts else "root"


def code_of(target):
    """Text without comments and strings, by room."""
    rooms = {}
    for file in sorted(target.rglob("*.swift")):
        text = COMMENTS_AND_STRINGS.sub(lambda m: '""' if m[0][0] == '"' else "", file.read_text())
        rooms.setdefault(room(file, target), []).append((file.relative_to(target), text))
    return rooms


def declarations(rooms):
    """Rooms by declared name: of types and globals, and of members that one extension alone declares."""
    names, nested, members, all_members = {}, {}, {}, {}
    for place, files in rooms.items():
        for _, text in files:
            for indent, name in TYPE.findall(text):
                (nested if indent else names).setdefault(name, set()).add(place)
            for name in GLOBAL.findall(text):
                names.setdefault(name, set()).add(place)
            for body in EXTENSION.findall(text):
                for name in MEMBER.findall(body):
                    members.setdefault(name, set()).add(place)
            for name in ANY_MEMBER.findall(text):
                all_members.setdefault(name, set()).add(place)
    unique = {
        name: places for name, places in members.items()
        if all_members.get(name) == places and len(places) == 1 and name not in STANDARD_MEMBERS}
    return names, nested, unique


def arrows(rooms):
    """`{(from, to): (name, file)}`"""
    names, nested, members = declarations(rooms)
    found = {}
    for place, files in rooms.items():
        for file, text in files:
            words = sorted(set(re.findall(r"(?<![.\w])[A-Za-z_]\w*|(?<=\.)[A-Z]\w*", text)))
            dotted = sorted(set(re.findall(r"\.(\w+)", text)))
            for name in words:
                places = names.get(name, set())
                if name[0].islower() and re.search(rf"\b(?:let|var|for|case) \(?{name}\b|\b{name}[:,] ", text):
                    continue  # more likely a local name
                if len(places) == 1 and place not in places | nested.get(name, set()):
                    found.setdefault((place, *places), (name, file))
            for name in dotted:
                places = members.get(name, set())
                if places and place not in places:
                    found.setdefault((place, *places), ("." + name, file))
    return found


def declared():
    """`{target: (rooms, arrows)}` of the document."""
    section = DOCUMENT.read_text().split("## Folders of a target", 1)[1].split("\n## ", 1)[0]
    result = {}
    for name, text in re.findall(r"^- \*\*(\w+)\*\*: ([\s\S]*?)(?=^- |^$|\Z)", section, re.M):
        layers, pairs = set(), set()
        for chain in text.split(";"):
            groups = [re.findall(r"`(\w+)`|\b(root)\b", group) for group in chain.split("->")]
            groups = [[a or b for a, b in group] for group in groups]
            layers.update(sum(groups, []))
            pairs.update(
                (a, b) for i, group in enumerate(groups) for a in group for later in groups[i + 1:] for b in later)
        result[name] = layers, closure(pairs)
    return result


def closure(pairs):
    pairs = set(pairs)
    while True:
        more = {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs
        if not more:
            return pairs
        pairs |= more


def check(show):
    documented, problems = declared(), []
    for target in sorted(path for path in (ROOT / "Sources").iterdir() if path.is_dir()):
        rooms = code_of(target)
        if set(rooms) <= {"root"}:
            continue
        layers, allowed = documented.get(target.name, (set(), set()))
        problems += [f"{target.name}/{name}: not in {DOCUMENT.name}" for name in sorted(set(rooms) - layers - {"root"})]
        problems += [f"{target.name}/{name}: no such folder" for name in sorted(layers - set(rooms))]
        problems += [f"{target.name}: {DOCUMENT.name} declares a circle through {a}" for a, b in sorted(allowed) if a == b]
        found = arrows(rooms)
        if show:
            print(target.name)
        for (a, b), (name, file) in sorted(found.items()):
            if show:
                print(f"  {a} -> {b}    {name} in {file}")
            if (a, b) not in allowed:
                problems.append(f"{target.name}: {a} -> {b} is not declared: {file} uses {name}")
    files = {str(file.relative_to(ROOT)) for part in ("Sources", "Tests", "scripts") for file in (ROOT / part).rglob("*.*")}
    for path in sorted(set(re.findall(r"`([\w./+-]+\.(?:swift|c|h|py|json))`", DOCUMENT.read_text()))):
        if not any(("/" + file).endswith("/" + path) for file in files):
            problems.append(f"{DOCUMENT.name}: no file {path}")
    return problems


problems = check("--list" in sys.argv[1:])
if problems:
    sys.exit("\n".join(problems))
