"""Makes events.bin with the tensorboard package: what TensorBoardLog has to write, byte for byte.

    pip install tensorboard
    python3 Tests/Fixtures/Training/make.py
"""

import pathlib

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

here = pathlib.Path(__file__).parent
with open(here / "events.bin", "wb") as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=1700000000.25, file_version="brain.Event:2").SerializeToString())
    for step, loss in [(30, 6.5), (60000, 0.25)]:
        values = [
            Summary.Value(tag="train/loss", simple_value=loss),
            Summary.Value(tag="train/ap", simple_value=0.125),
        ]
        writer.write(
            Event(wall_time=1700000000.25, step=step, summary=Summary(value=values)).SerializeToString()
        )
    writer.flush()
