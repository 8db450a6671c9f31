"""FastAPI + uvicorn + ONNX Runtime + OpenCV: a process for each core, a thread of ONNX Runtime in each.

That is the faster of the usual ways: one process with all threads leaves cores idle while Python decodes.
"""

import os

import cv2
from detection import Detection
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

cv2.setNumThreads(1)
app = FastAPI()
detection = Detection(os.environ["WEIGHTS"], threads=1)


@app.post("/detect")
async def detect(request: Request):
    return await run_in_threadpool(detection.detect, await request.body())
