#!/usr/bin/env python3
"""Writes the manual page of the command and all subcommands from their help.

usage: deploy-manpage.py YOLOX VERSION DATE > yolox.1
"""
import json
import re
import subprocess
import sys


def roff(text):
    """Escapes text for troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def paragraphs(text):
    """Indented lines are examples and keep their breaks; the rest is filled."""
    lines = []
    for block in (text or "").split("\n\n"):
        if not block.strip():
            continue
        # An example can follow its introduction without a blank line, so lines of one kind are grouped.
        literal = None
        is_table = "   " in block
        for line in block.split("\n"):
            if (is_table or line.startswith("  ")) != literal:
                lines += [".EE"] if literal else []
                literal = is_table or line.startswith("  ")
                lines += [".PP"] + ([".EX"] if literal else [])
            lines.append(roff(line))
        lines += [".EE"] if literal else []
    return lines


def name_of(name):
    dashes = "-" if name["kind"] == "short" else "--"
    return r"\fB" + roff(dashes + name["name"]) + r"\fR"


def entry(argument):
    value = r"\fI" + roff(argument.get("valueName", "")) + r"\fR"
    if argument["kind"] == "positional":
        head = value + (" ..." if argument["isRepeating"] else "")
    else:
        head = ", ".join(name_of(name) for name in argument["names"])
        head += f" {value}" if argument["kind"] == "option" else ""
    text = argument.get("abstract", "")
    if argument.get("allValues"):
        text += f" Values: {', '.join(argument['allValues'])}."
    if argument.get("defaultValue") and "Default" not in text:
        text += f" Default: {argument['defaultValue']}."
    lines = [".TP", head]
    return lines + [roff(text) if text else r"\&"] + paragraphs(argument.get("discussion"))


def synopsis(path, command):
    words = [r"\fB" + roff(" ".join(path)) + r"\fR"]
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    if any(argument["kind"] != "positional" for argument in shown):
        words.append("[options]")
    if command.get("subcommands"):
        words.append(r"\fIcommand\fR")
    for argument in shown:
        if argument["kind"] == "positional":
            word = r"\fI" + roff(argument["valueName"]) + r"\fR" + ("..." if argument["isRepeating"] else "")
            words.append(f"[{word}]" if argument["isOptional"] else word)
    return " ".join(words)


def commands(path, command):
    """The leaves, each with the words that lead to it."""
    below = [child for child in command.get("subcommands", []) if child["commandName"] != "help" and child.get("shouldDisplay", True)]
    if not below:
        yield path, command
    for child in below:
        yield from commands(path + [child["commandName"]], child)


def section(path, command):
    lines = [".SS " + roff(" ".join(path)), synopsis(path, command), ".PP", roff(command.get("abstract", ""))]
    lines += paragraphs(command.get("discussion"))
    for argument in command.get("arguments", []):
        if argument.get("shouldDisplay", True) and argument.get("names") != [{"kind": "long", "name": "version"}]:
            lines += entry(argument)
    return lines


def page(yolox, version, date):
    dump = subprocess.run([yolox, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    root = json.loads(dump)["command"]
    leaves = list(commands([root["commandName"]], root))
    name = root["commandName"]
    lines = [
        f'.TH {name.upper()} 1 "{date}" "swift-yolox {version}" "User Commands"',
        ".SH NAME", roff(name) + " \\- " + roff(root["abstract"].rstrip(".")[0].lower() + root["abstract"].rstrip(".")[1:]),
        ".SH SYNOPSIS",
    ]
    for index, (path, command) in enumerate(leaves):
        lines += ([".br"] if index else []) + [synopsis(path, command)]
    lines += [".SH DESCRIPTION"] + paragraphs(root.get("discussion"))
    lines += [".SH COMMANDS"]
    for path, command in leaves:
        lines += section(path, command)
    lines += [".SH EXIT STATUS", "0 on success, 64 if an option is invalid, 1 on other errors."]
    lines += of_service() if name == "yolox" else [".SH SEE ALSO", "yolox(1)"]
    return "\n".join(lines) + "\n"


def of_service():
    return [
        ".SH ENVIRONMENT", ".TP", r"\fBYOLOX_WEIGHTS_DIR\fR",
        "A folder with published weights, searched first.",
        ".TP", r"\fBYOLOX_\fIOPTION\fR", "An option of yolox serve, in capitals with _ for \\-; the command line overrides it.",
        ".SH FILES", ".TP", r"\fI/etc/default/yolox\fR", "Options of the system service, as variables.",
        ".TP", r"\fI/usr/share/yolox\fR", "Weights of the package.",
        ".TP", r"\fI/var/lib/yolox\fR", "Weights that yolox weights fetch downloads as root.",
        ".SH SEE ALSO", "systemctl(1), curl(1)",
    ]


if __name__ == "__main__":
    sys.stdout.write(page(*sys.argv[1:4]))
