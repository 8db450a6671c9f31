"""Shared by the training comparisons: reading yolox-train's tensor files, and starting it in several processes."""

import array
import json
import os
import struct


def read_tensors(path):
    """The float32 tensors of a safetensors file, flat."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: array.array("f", data[entry["data_offsets"][0] : entry["data_offsets"][1]])
        for name, entry in header.items()
    }


def in_processes(count, command):
    """`command`, under Open MPI's mpirun if it is more than one process."""
    if count == 1:
        return command
    launcher = ["mpirun", "-np", str(count), "--bind-to", "none", "--oversubscribe"]
    launcher += ["--mca", "mpi_yield_when_idle", "1"]
    if os.geteuid() == 0:
        launcher.append("--allow-run-as-root")
    return launcher + command
