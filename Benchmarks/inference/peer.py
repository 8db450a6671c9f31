"""The other runtimes, behind one function, and as a process that times one of them.

peer.py RUNTIME PRECISION NETWORK SIZE THREADS BATCH RUNS
"""

import json
import statistics
import sys
import time


def opened(runtime, precision, path, threads):
    """A function from an input to the network's output."""
    if runtime == "ONNX Runtime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda pixels: session.run(None, {name: pixels})[0]
    import openvino

    # An int8 network says itself what is int8; the rest of it, and all of a float one, follows the hint.
    hint = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}[precision]
    network = openvino.Core().compile_model(
        path,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": hint,
        },
    )
    request = network.create_infer_request()
    return lambda pixels: request.infer([pixels])[0]


def resident_megabytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))


def main():
    import numpy

    runtime, precision, path, size, threads, batch, runs = sys.argv[1:4] + [int(word) for word in sys.argv[4:8]]
    pixels = (numpy.arange(3 * size * size, dtype=numpy.int64) * 31 % 256).astype(numpy.float32)
    pixels = pixels.reshape(1, 3, size, size)
    if runtime == "ONNX Runtime":
        import onnxruntime as module
    else:
        import openvino as module
    start = time.perf_counter()
    run = opened(runtime, precision, path, threads)
    run(pixels)
    first = (time.perf_counter() - start) * 1e3
    times = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        # The networks were exported for one image.
        for _ in range(batch):
            run(pixels)
        times.append((time.perf_counter() - start) * 1e3)
    print(
        json.dumps(
            {
                "milliseconds": statistics.median(times[2:]),
                "first": first,
                "megabytes": resident_megabytes(),
                "version": module.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
