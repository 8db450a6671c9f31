"""How training scales over processes: measured with Open MPI on this machine, and modelled for networks of machines.

    YOLOX_MPI=1 swift build -c release --scratch-path .build-mpi --product yolox-train
    Benchmarks/training/scaling.py .build-mpi/release/yolox-train [--svg docs/training-scaling.svg]

Measured: iterations of one process alone and of two at once, each with its own share of the processors, the same number of images
per process (weak scaling). Where others keep the processors busy, the processor time says more than the elapsed: what
a process takes beside another is what it computes and how long it asks, without sleeping, whether the other has come.

Modelled: workers that are so many times (WORKERS) as fast as one thread here; a process computes for the processor time
that an iteration took, divided by that. On top comes, as far as it is not hidden
behind the backward pass, the time of a ring all-reduce of the gradients (Patarasuk and Yuan 2009),

    2 (n - 1) / n * bytes / bandwidth + 2 (n - 1) * latency,

and, never hidden, two small all-reduces for each normalisation (recursive doubling, ceil(log2 n) steps of one latency).
The backward pass is taken to be two thirds of an iteration, the forward pass being one of three equal products (results,
gradients of inputs, gradients of weights); gradients become final evenly over it.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys

from runs import in_processes

CASES = [("nano", 8, 416), ("s", 4, 640)]
PROCESSES = [1, 2, 4, 8, 16, 32]
GIGABITS = [1, 10, 25, 100]
# Of a message between two machines, in seconds: TCP in a data centre.
LATENCY = 30e-6
WORKERS = [1, 32]
BACKWARD_SHARE = 2 / 3


def measure(program, processes, model, batch, side, iterations, threads):
    command = [
        program, "bench", "--model", model, "--batch-size", str(batch * processes), "--size", str(side),
        "--iterations", str(iterations), "--threads", str(threads),
    ]  # fmt: skip
    result = subprocess.run(in_processes(processes, command), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def modelled(compute, gradient_bytes, normalizations, processes, gigabits):
    """Seconds of an iteration."""
    if processes == 1:
        return compute
    bandwidth = gigabits * 1e9 / 8
    ring = 2 * (processes - 1) / processes * gradient_bytes / bandwidth + 2 * (processes - 1) * LATENCY
    exposed = max(0, ring - BACKWARD_SHARE * compute)
    statistics_exchange = 2 * normalizations * math.ceil(math.log2(processes)) * LATENCY
    return compute + exposed + statistics_exchange


def drawing(curves):
    """Curves of speed-up over processes, both on a logarithmic scale, side by side for each network."""
    width, height, left, top = 330, 260, 46, 34
    colors = {1: "#c33", 10: "#c80", 25: "#393", 100: "#36c"}
    last = math.log2(PROCESSES[-1])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(curves) * (width + 70)} {height + 84}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for column, (name, (measured, lines)) in enumerate(curves.items()):
        x0 = left + column * (width + 70)

        def place(processes, speed_up):
            return x0 + math.log2(processes) / last * width, top + height - math.log2(speed_up) / last * height

        parts.append(f'<text x="{x0}" y="20" font-weight="bold">{name}</text>')
        for tick in PROCESSES:
            x, y = place(tick, tick)
            parts.append(f'<path d="M{x0} {y:.1f}h{width}M{x:.1f} {top}v{height}" stroke="#ddd" fill="none"/>')
            parts.append(f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}x</text>')
            parts.append(f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle">{tick}</text>')
        (x1, y1), (x2, y2) = place(1, 1), place(PROCESSES[-1], PROCESSES[-1])
        parts.append(f'<path d="M{x1} {y1}L{x2} {y2}" stroke="#999" stroke-dasharray="4 4"/>')
        for row, (gigabits, speed_ups) in enumerate(lines.items()):
            points = [place(n, max(value, 1)) for n, value in zip(PROCESSES, speed_ups)]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            parts.append(f'<path d="M{path}" stroke="{colors[gigabits]}" stroke-width="2" fill="none"/>')
            x = x0 + row * 82
            parts.append(f'<path d="M{x} {top + height + 44}h18" stroke="{colors[gigabits]}" stroke-width="2"/>')
            parts.append(f'<text x="{x + 22}" y="{top + height + 48}">{gigabits} Gbit/s</text>')
        if measured:
            x, y = place(2, max(measured, 1))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    caption = "speed-up over processes; dashed: no loss" + ("; dot: measured, two on one machine" if measured else "")
    parts.append(f'<text x="{left}" y="{top + height + 34}">{caption}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program", help="yolox-train, built with YOLOX_MPI=1")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each number of processes")
    parser.add_argument("--iterations", type=int, default=6, help="timed in each turn")
    parser.add_argument("--given", metavar="nano=S,s=S", help="model with these processor times instead of measuring")
    parser.add_argument("--svg", help="where to draw the curves")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    if options.given:
        facts = {}
        for model, batch, _ in CASES:
            sizes = measure(program, 1, model, 2, 64, 1, 1)
            compute = float(dict(pair.split("=") for pair in options.given.split(","))[model])
            facts[model] = (batch, compute, None, sizes["gradient_bytes"], sizes["normalizations"])
        return report_model(facts, options.svg)
    threads = max(1, len(os.sched_getaffinity(0)) // 2)

    print(f"load average at the start: {os.getloadavg()[0]:.1f}; {threads} threads for each process\n")
    print("| network | batch a process | side | 1 process, images/s | 2 processes, images/s | ratio | processor time of one alone, s | of one of two | gradients, MB | normalisations |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    facts = {}
    for model, batch, side in CASES:
        seconds, processor = {1: [], 2: []}, {1: [], 2: []}
        for _ in range(options.rounds):
            for processes in seconds:
                result = measure(program, processes, model, batch, side, options.iterations, threads)
                seconds[processes] += result["seconds"]
                processor[processes].append(result["processor_seconds"])
        one, two = (statistics.median(seconds[processes]) for processes in (1, 2))
        ratio = 2 * one / two
        compute, beside = (statistics.median(processor[processes]) for processes in (1, 2))
        facts[model] = (batch, compute, ratio, result["gradient_bytes"], result["normalizations"])
        print(
            f"| {model} | {batch} | {side} | {batch / one:.2f} | {2 * batch / two:.2f} | {ratio:.2f} "
            f"| {compute:.2f} | {beside:.2f} | {result['gradient_bytes'] / 1e6:.1f} | {result['normalizations']} |",
            flush=True,
        )

    report_model(facts, options.svg)


def report_model(facts, svg):
    print("\n| network | worker | Gbit/s | " + " | ".join(f"{n} processes" for n in PROCESSES[1:]) + " |")
    print("| --- | --- | --- |" + " --- |" * len(PROCESSES[1:]))
    curves = {}
    for model, (batch, compute, ratio, gradient_bytes, normalizations) in facts.items():
        for worker in WORKERS:
            one = compute / worker
            lines = {
                gigabits: [n * one / modelled(one, gradient_bytes, normalizations, n, gigabits) for n in PROCESSES]
                for gigabits in GIGABITS
            }
            for gigabits, speed_ups in lines.items():
                figures = " | ".join(f"{value:.1f}x" for value in speed_ups[1:])
                print(f"| {model} | {worker}x | {gigabits} | {figures} |")
        # Of the fastest worker, which has to wait the most.
        curves[f"{model}, {batch} images in {1000 * one:.0f} ms ({worker}x worker)"] = (ratio, lines)
    if svg:
        with open(svg, "w", encoding="utf-8") as file:
            file.write(drawing(curves))


if __name__ == "__main__":
    sys.exit(main())
