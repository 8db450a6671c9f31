"""Side by side: `yolox bench`, ONNX Runtime and OpenVINO, same weights, same machine, in turns.

In each round every contestant runs once, as a fresh process with three unmeasured runs before. A row gives the median of
the rounds' medians; "to ..." are medians of the ratios within a round, above 1 where we are faster. "peak" is the share of
what the processor's multiply-add instructions for that precision could do at most, measured in the same process; it
passes 1 where an algorithm does with fewer products. AP is on 79 images of COCO, whose third digit is chance.
"""

import argparse
import os
import platform
import statistics
import sys

from accuracy import average_precision
from contestants import OURS, PEERS
from networks import NETWORKS, YOLOX, forget


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, help="timed runs in each round, in place of 30 for nano to 3 for M")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, taking turns")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[1, 8], help="images in a run")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--networks", nargs="+", choices=[network.name for network in NETWORKS])
    parser.add_argument("--all", action="store_true", help="M too, exported by the authors' code in YOLOX_REPOSITORY")
    parser.add_argument("--avx2", action="store_true", help="nobody uses AVX-512")
    parser.add_argument("--fresh", action="store_true", help="calibrate int8 again")
    parser.add_argument("--no-accuracy", action="store_true", help="leave average precision out")
    arguments = parser.parse_args()

    networks = [network for network in NETWORKS if arguments.all or not network.exported]
    if arguments.networks:
        networks = [network for network in NETWORKS if network.name in arguments.networks]
    for network in networks:
        network.prepare(os.environ.get("YOLOX_REPOSITORY"))
    missing = [str(path) for path in [YOLOX] + [network.onnx for network in networks] if not path.exists()]
    if missing:
        sys.exit("bench: needs " + ", ".join(missing))
    if arguments.fresh:
        forget()
    print(f"{processor()}, {os.cpu_count()} processors")
    peers = PEERS
    if arguments.avx2:
        # ONNX Runtime has no such switch; OpenVINO's oneDNN has.
        os.environ.update(YOLOX_ISA="avx2", ONEDNN_MAX_CPU_ISA="AVX2")
        peers = [one for one in PEERS if one.runtime == "OpenVINO" and one.precision != "bf16"]
    for network in networks:
        contestants = [one for one in OURS + peers if one.weights(network)]
        precisions = {}
        if network.is_trained and not arguments.no_accuracy:
            precisions = {one: average_precision(one, network) for one in contestants}
        for batch in arguments.batch_size:
            for threads in arguments.threads:
                runs = arguments.runs or network.runs_of(batch)
                rounds = [
                    {one: one.time(network, threads, batch, runs) for one in contestants}
                    for _ in range(arguments.rounds)
                ]
                print_table(f"{network.label}, batch {batch}, {threads} threads", contestants, rounds, precisions)


def print_table(title, contestants, rounds, precisions):
    def median(one, what):
        return statistics.median(found[one][what] for found in rounds)

    def ratio(one, peers):
        """How much faster `one` is than the best of `peers`."""
        if not peers:
            return ""
        ratios = (min(found[peer]["milliseconds"] for peer in peers) / found[one]["milliseconds"] for found in rounds)
        return f"{statistics.median(ratios):.2f}x"

    peers = [one for one in contestants if not one.is_ours]
    # With real weights a peer only counts where it is as accurate as it should be.
    best = max(precisions.values(), default=0)
    sound = [one for one in peers if precisions.get(one, best) >= best - 0.01]
    print(f"\n{title}")
    print(f"{'':14} {'':5} {'ms':>8} {'to same':>8} {'to best':>8} {'peak':>5} {'first ms':>9} {'MB':>6} {'AP':>7}")
    for one in contestants:
        row = f"{one.runtime:14} {one.precision:5} {median(one, 'milliseconds'):8.2f} "
        if one.is_ours:
            same = [peer for peer in peers if peer.precision == one.precision]
            row += f"{ratio(one, same):>8} {ratio(one, sound):>8} {median(one, 'peak'):5.2f} "
        else:
            row += f"{'':8} {'':8} {'':5} "
        row += f"{median(one, 'first'):9.0f} {median(one, 'megabytes'):6.0f} "
        row += f"{precisions[one]:7.4f}" if one in precisions else ""
        print(row.rstrip(), flush=True)


def processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
