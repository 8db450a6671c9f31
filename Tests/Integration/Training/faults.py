"""Interrupts, kills and damages training runs, and fills the disk, with the built yolox-train.

    Tests/Integration/Training/faults.py [.build/release/yolox-train]

Each time the earlier state must be kept, with a message that says what happened, and a resumed run must end with the
same bits as an undisturbed one.
"""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release/yolox-train")
EPOCHS = 6
failures = 0


def check(what, is_fine, details=""):
    global failures
    print(("ok      " if is_fine else "FAILED  ") + what, flush=True)
    if not is_fine:
        failures += 1
        print(details)


def options(folder, *more):
    return [
        PROGRAM, "fit", "--data", "data", "--size", "96", "--epochs", str(EPOCHS), "--batch-size", "8",
        "--eval-interval", "2", "--threads", "1", "--output", folder, *more,
    ]  # fmt: skip


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def resume(folder):
    return run(PROGRAM, "resume", "--data", "data", "--output", folder)


def start_until(folder, line):
    """A run that has just printed a line that begins with `line`."""
    process = subprocess.Popen(options(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for text in process.stdout:
        if text.strip().startswith(line):
            return process
    sys.exit(f"faults: {folder} ended before '{line}'")


def content(path):
    return pathlib.Path(path).read_bytes()


def columns(folder):
    """The metrics without the speed."""
    return [line.split(",")[:-2] + line.split(",")[-1:] for line in content(f"{folder}/metrics.csv").decode().split()]


def check_as_whole(what, folder):
    same = [content(f"{folder}/{name}") == content(f"whole/{name}") for name in ("best.safetensors", "last.safetensors")]
    check(f"{what}: ends with the same bits", all(same), str(same))
    check(f"{what}: and the same curves", columns(folder) == columns("whole"), str(columns(folder)))


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def main():
    run(PROGRAM, "shapes", "--output", "data", "--train", "24", "--val", "8", "--size", "96")
    whole = run(*options("whole"))
    check("a run that nothing happens to", whole.returncode == 0, whole.stdout)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        process = start_until(number.name, "3/")
        process.send_signal(number)
        text = process.stdout.read()
        status = process.wait()
        check(f"{number.name}: saved, and the status says so", status == 128 + number and "stopped" in text, f"{status} {text}")
        going_on = resume(number.name)
        check(f"{number.name}: resumed", going_on.returncode == 0, going_on.stdout)
        check_as_whole(number.name, number.name)

    process = start_until("killed", "3/")
    process.kill()
    process.wait()
    going_on = run(*options("killed", "--or-resume"))
    check("killed: resumed by the same command", going_on.returncode == 0, going_on.stdout)
    check_as_whole("killed", "killed")

    before = content("killed/last.safetensors")
    again = run(*options("killed"))
    check("a new run in its folder is refused", again.returncode != 0 and "contains a run" in again.stdout, again.stdout)
    check("and the folder left alone", content("killed/last.safetensors") == before)

    full = run(*options("full"), preexec_fn=limit_files(len(before) // 2))
    message = "last.safetensors: File too large" in full.stdout
    check("no room for a checkpoint: known at once", full.returncode == 1 and message and f"1/{EPOCHS}" not in full.stdout, full.stdout)

    process = start_until("filling", "3/")
    process.kill()
    process.wait()
    before = content("filling/last.safetensors")
    filling = run(PROGRAM, "resume", "--data", "data", "--output", "filling", preexec_fn=limit_files(len(before) // 2))
    check("no room later on: ends with a message", filling.returncode == 1 and "File too large" in filling.stdout, filling.stdout)
    check("and the last checkpoint is there", content("filling/last.safetensors") == before)
    check("and no part of a file", not list(pathlib.Path("filling").glob("*.partial")))
    going_on = resume("filling")
    check("with room again: resumed", going_on.returncode == 0, going_on.stdout)
    check_as_whole("no room later on", "filling")

    damages = {
        "cut off": lambda data: data[: len(data) // 2],
        "a bit flipped": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 64]) + data[len(data) // 2 + 1 :],
        "empty": lambda data: b"",
        "overwritten at the start": lambda data: b"\xff" * 64 + data[64:],
    }
    process = start_until("source", "4/")
    process.kill()
    process.wait()
    for name, damage in damages.items():
        shutil.rmtree("damaged", ignore_errors=True)
        shutil.copytree("source", "damaged")
        pathlib.Path("damaged/last.safetensors").write_bytes(damage(content("source/last.safetensors")))
        going_on = resume("damaged")
        told = "last.safetensors" in going_on.stdout and "resuming from the previous checkpoint" in going_on.stdout
        check(f"checkpoint {name}: the one before is taken", going_on.returncode == 0 and told, going_on.stdout)
        check_as_whole(f"checkpoint {name}", "damaged")

    shutil.copy("whole/best.safetensors", "damaged/last.safetensors")
    pathlib.Path("damaged/previous.safetensors").unlink()
    foreign = resume("damaged")
    check("weights in place of a checkpoint", foreign.returncode == 1 and "not the state of a run" in foreign.stdout, foreign.stdout)

    if failures:
        sys.exit(f"{failures} failed")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
