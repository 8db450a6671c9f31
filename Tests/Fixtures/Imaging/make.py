"""Makes the pictures of this folder, and what other programs read from them.

NAME.jpg / NAME.png is the file, NAME.rgb what Pillow (JPEG) or arithmetic on the source (PNG) says its pixels are: rows of
8-bit RGB. sizes.json gives width and height. letterbox-*.bgr are planes `[3, H, W]` by OpenCV's resize as in the authors'
preproc. Needs: pillow, numpy, opencv-python-headless, pypng.
"""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import png
from PIL import Image

HERE = Path(__file__).parent
sizes = {}


def picture(width, height):
    """Smooth colours with a few sharp edges and no symmetry."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 120 * np.sin(x / 5) * np.cos(y / 7)
    pixels = np.stack([red, green, blue], axis=2).round().astype(np.uint8)
    pixels[height // 4 : height // 2, width // 5 : width // 3] = (250, 20, 30)
    return pixels


def save(name, data, pixels):
    (HERE / name).write_bytes(data)
    (HERE / (Path(name).stem + ".rgb")).write_bytes(np.ascontiguousarray(pixels, dtype=np.uint8).tobytes())
    sizes[name] = [pixels.shape[1], pixels.shape[0]]


def jpeg(name, image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, **options)
    data = buffer.getvalue()
    if image.mode == "CMYK":
        ink = 255 - np.asarray(Image.open(io.BytesIO(data))).astype(np.float64)
        expected = (ink[..., :3] * ink[..., 3:] / 255).round()
    else:
        opened = Image.open(io.BytesIO(data))
        expected = np.asarray(opened.convert("RGB"))
    save(name, data, expected)


def jpegs():
    source = Image.fromarray(picture(61, 47))
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        jpeg(f"baseline-{name}.jpg", source, subsampling=sampling)
    jpeg("progressive.jpg", source, progressive=True)
    jpeg("gray.jpg", source.convert("L"))
    jpeg("cmyk.jpg", source.convert("CMYK"))
    small = Image.fromarray(picture(40, 24))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif)
        turned = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        save(f"orientation-{orientation}.jpg", buffer.getvalue(), turned)


def write_png(rows, **options):
    buffer = io.BytesIO()
    height = len(rows)
    planes = options.pop("planes", 1)
    png.Writer(width=len(rows[0]) // planes, height=height, **options).write(buffer, rows)
    return buffer.getvalue()


def pngs():
    source = picture(29, 17)
    save("rgb8.png", write_png(source.reshape(17, -1).tolist(), greyscale=False, bitdepth=8, planes=3), source)
    save(
        "rgb8-interlaced.png",
        write_png(source.reshape(17, -1).tolist(), greyscale=False, bitdepth=8, interlace=True, planes=3),
        source,
    )
    wide = source.astype(np.uint32) * 257
    save("rgb16.png", write_png(wide.reshape(17, -1).tolist(), greyscale=False, bitdepth=16, planes=3), source)
    for depth in (1, 2, 4, 8):
        levels = source[..., 1] >> (8 - depth)
        gray = (levels.astype(np.uint32) * 255 // (2**depth - 1)).astype(np.uint8)
        save(
            f"gray{depth}.png",
            write_png(levels.tolist(), greyscale=True, bitdepth=depth),
            np.repeat(gray[..., None], 3, axis=2),
        )

    alpha = np.linspace(0, 255, 29 * 17).round().astype(np.uint8).reshape(17, 29)

    def over_white(pixels, alpha):
        a = alpha[..., None].astype(np.float64) / 255
        return (pixels * a + 255 * (1 - a)).round()

    rgba = np.dstack([source, alpha])
    save(
        "rgba8.png",
        write_png(rgba.reshape(17, -1).tolist(), greyscale=False, alpha=True, bitdepth=8, planes=4),
        over_white(source, alpha),
    )
    gray_alpha = np.dstack([source[..., 0], alpha])
    save(
        "gray-alpha8.png",
        write_png(gray_alpha.reshape(17, -1).tolist(), greyscale=True, alpha=True, bitdepth=8, planes=2),
        over_white(np.repeat(source[..., :1], 3, axis=2), alpha),
    )
    palette = [(i * 16, 255 - i * 16, (i * 40) % 256, 255 - i * 10) for i in range(16)]
    indices = (np.add.outer(np.arange(17), np.arange(29)) % 16).astype(np.uint8)
    colours = np.array(palette)[indices]
    save(
        "palette4-trns.png",
        write_png(indices.tolist(), palette=palette, bitdepth=4),
        over_white(colours[..., :3], colours[..., 3]),
    )
    save(
        "gray8-trns.png",
        write_png(source[..., 0].tolist(), greyscale=True, bitdepth=8, transparent=int(source[3, 4, 0])),
        np.where(source[..., :1] == source[3, 4, 0], 255, np.repeat(source[..., :1], 3, axis=2)),
    )


def letterboxes():
    """As yolox/data/data_augment.py, preproc."""
    for width, height, input_height, input_width in (
        (29, 17, 64, 64), (61, 47, 32, 32), (61, 47, 64, 32), (40, 24, 32, 96), (64, 64, 64, 64), (100, 8, 32, 32),
    ):
        image = picture(width, height)[..., ::-1]
        padded = np.full((input_height, input_width, 3), 114, np.uint8)
        ratio = min(input_height / height, input_width / width)
        size = (int(width * ratio), int(height * ratio))
        padded[: size[1], : size[0]] = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_LINEAR)
        name = f"letterbox-{width}x{height}-{input_width}x{input_height}.bgr"
        (HERE / name).write_bytes(np.ascontiguousarray(padded.transpose(2, 0, 1)).tobytes())
        (HERE / f"picture-{width}x{height}.rgb").write_bytes(picture(width, height).tobytes())


jpegs()
pngs()
letterboxes()
(HERE / "sizes.json").write_text(json.dumps(sizes, indent=1, sort_keys=True) + "\n")
