"""Times training iterations (forward, assignment, backward, step, EMA) of yolox-train and of the authors' PyTorch code
alternately on this machine, with peak memory of each and the throughput of batch preparation.

    Benchmarks/training/compare.py path/to/YOLOX [--rounds 3]

path/to/YOLOX is a clone of the authors' repository; Python needs torch, torchvision, loguru, tabulate, psutil, thop
and opencv-python-headless.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(ROOT, ".build", "release", "yolox-train")
# Depth, width and whether convolutions are separable, as in exps/default.
MODELS = {"nano": (0.33, 0.25, True), "s": (0.33, 0.5, False)}
CASES = [("nano", 8, 416), ("s", 4, 640)]


def pytorch(repository, model, batch, side, iterations, threads):
    """Runs in a process of its own, so that its peak memory is its own."""
    import contextlib
    import time

    sys.path.insert(0, repository)
    # The authors' package prints to standard output.
    with contextlib.redirect_stdout(sys.stderr):
        import torch
        from yolox.models import YOLOX, YOLOPAFPN, YOLOXHead
        from yolox.utils.ema import ModelEMA

    torch.set_num_threads(threads)
    depth, width, depthwise = MODELS[model]
    channels = [256, 512, 1024]
    network = YOLOX(
        YOLOPAFPN(depth, width, in_channels=channels, depthwise=depthwise),
        YOLOXHead(80, width, in_channels=channels, depthwise=depthwise),
    )
    network.head.initialize_biases(1e-2)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, 0.03
    network.train()
    decayed = [p for p in network.parameters() if p.dim() == 4]
    others = [p for p in network.parameters() if p.dim() != 4]
    optimizer = torch.optim.SGD(others, lr=1e-4, momentum=0.9, nesterov=True)
    optimizer.add_param_group({"params": decayed, "weight_decay": 5e-4})
    average = ModelEMA(network, 0.9998)

    torch.manual_seed(0)
    images = torch.randint(0, 256, (batch, 3, side, side)).float()
    # As many objects as a mosaic of the drawn images has.
    targets = torch.zeros(batch, 50, 5)
    for image in range(batch):
        for row in range(8):
            size = torch.rand(2) * side / 4 + side / 12
            center = torch.rand(2) * (side - size) + size / 2
            targets[image, row] = torch.cat([torch.randint(0, 3, (1,)).float(), center, size])

    seconds = []
    for iteration in range(iterations + 2):
        start = time.perf_counter()
        loss = network(images, targets)["total_loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(network)
        if iteration >= 2:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds}))


def measured(command):
    """Runs a command; gives what it printed, and its peak memory in MiB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: ended with {process.returncode}")
    return json.loads(text.splitlines()[-1])["seconds"], usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repository", help="clone of the authors' YOLOX")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--iterations", type=int, default=8, help="timed in each turn")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pytorch:
        model, batch, side = options.pytorch.split(",")
        return pytorch(options.repository, model, int(batch), int(side), options.iterations, options.threads)

    print(f"{options.threads} threads, medians of {options.rounds} turns of {options.iterations} iterations\n")
    print("| network | batch | side | ours, s | PyTorch, s | ratio | ours, MiB | PyTorch, MiB | ratio | batches made, images/s | used, images/s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for model, batch, side in CASES:
        size = ["--model", model, "--batch-size", str(batch), "--size", str(side)]
        ours = [OURS, "bench", *size, "--iterations", str(options.iterations), "--threads", str(options.threads)]
        theirs = [
            sys.executable, "-W", "ignore", os.path.abspath(__file__), options.repository, "--pytorch",
            f"{model},{batch},{side}", "--iterations", str(options.iterations), "--threads", str(options.threads),
        ]  # fmt: skip
        times, peaks = {"ours": [], "theirs": []}, {"ours": [], "theirs": []}
        for _ in range(options.rounds):
            for name, command in [("ours", ours), ("theirs", theirs)]:
                seconds, peak = measured(command)
                times[name] += seconds
                peaks[name].append(peak)
        making, _ = measured([*ours, "--augmentation"])
        a, b = (statistics.median(times[name]) for name in ("ours", "theirs"))
        p, q = (max(peaks[name]) for name in ("ours", "theirs"))
        print(
            f"| {model} | {batch} | {side} | {a:.3f} | {b:.3f} | {a / b:.2f} | {p:.0f} | {q:.0f} | {p / q:.2f} "
            f"| {batch / statistics.median(making):.1f} | {batch / a:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
