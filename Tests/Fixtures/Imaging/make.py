"""Makes the images of this folder, and what other programs read from them.

NAME.TYPE is the file, NAME.rgb what Pillow (JPEG, WebP, GIF) or arithmetic on the source (PNG, BMP) says its pixels
are: rows of 8-bit RGB. sizes.json gives width and height. letterbox-*.bgr are planes `[3, H, W]` by OpenCV's resize as in the authors'
preproc; reduced-*.bgr are the same of JPEGs that libjpeg has reduced meanwhile. Needs: pillow, numpy, opencv-python-headless, pypng,
and jpegtran (Debian: libjpeg-turbo-progs).
"""

import io
import json
import struct
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
import png
from PIL import Image, ImageOps

HERE = Path(__file__).parent
sizes = {}


def source_image(width, height):
    """Smooth colours with a few sharp edges and no symmetry."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 120 * np.sin(x / 5) * np.cos(y / 7)
    pixels = np.stack([red, green, blue], axis=2).round().astype(np.uint8)
    pixels[height // 4 : height // 2, width // 5 : width // 3] = (250, 20, 30)
    return pixels


def expected_name(name):
    """NAME.rgb, or NAME-TYPE.rgb where several files have the name."""
    path = Path(name)
    return f"{path.stem}-{path.suffix[1:]}.rgb" if path.suffix in (".gif", ".bmp") else path.stem + ".rgb"


def save(name, data, pixels):
    (HERE / name).write_bytes(data)
    (HERE / expected_name(name)).write_bytes(np.ascontiguousarray(pixels, dtype=np.uint8).tobytes())
    sizes[name] = [pixels.shape[1], pixels.shape[0]]


def jpeg(name, image, adobe_transform=None, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, **options)
    data = buffer.getvalue()
    if adobe_transform is not None:
        transform = data.index(b"Adobe") + 11
        data = data[:transform] + bytes([adobe_transform]) + data[transform + 1 :]
    if image.mode == "CMYK":
        ink = 255 - np.asarray(Image.open(io.BytesIO(data))).astype(np.float64)
        expected = (ink[..., :3] * ink[..., 3:] / 255).round()
    else:
        opened = Image.open(io.BytesIO(data))
        expected = np.asarray(opened.convert("RGB"))
    save(name, data, expected)


def jpegs():
    source = Image.fromarray(source_image(61, 47))
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        jpeg(f"baseline-{name}.jpg", source, subsampling=sampling)
    jpeg("progressive.jpg", source, progressive=True)
    jpeg("gray.jpg", source.convert("L"))
    jpeg("gray-progressive.jpg", source.convert("L"), progressive=True)
    jpeg("restart-markers.jpg", source, restart_marker_blocks=3)
    jpeg("cmyk.jpg", source.convert("CMYK"))
    jpeg("cmyk-progressive.jpg", source.convert("CMYK"), progressive=True)
    # Pillow does not write YCCK. The same numbers called so are one, if an odd-looking one.
    jpeg("ycck.jpg", source.convert("CMYK"), adobe_transform=2)
    # A scan for each component, by jpegtran of libjpeg-turbo.
    buffer = io.BytesIO()
    source.save(buffer, "JPEG", quality=92)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as scans:
        scans.write("0;\n1;\n2;\n")
        scans.flush()
        command = ["jpegtran", "-scans", scans.name]
        data = subprocess.run(command, input=buffer.getvalue(), stdout=subprocess.PIPE, check=True).stdout
    save("separate-scans.jpg", data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    for name, options in (("arithmetic", []), ("arithmetic-progressive", ["-progressive"])):
        command = ["jpegtran", "-arithmetic", *options]
        data = subprocess.run(command, input=buffer.getvalue(), stdout=subprocess.PIPE, check=True).stdout
        save(f"{name}.jpg", data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    small = Image.fromarray(source_image(40, 24))
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


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def rotated(pixels, orientation):
    """Upright pixels of what is stored as `pixels`, rotated by Pillow."""
    tagged = Image.fromarray(pixels)
    tagged.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(tagged))


def over_white(pixels, alpha):
    a = alpha[..., None].astype(np.float64) / 255
    return (pixels * a + 255 * (1 - a)).round()


def webps():
    source = source_image(61, 47)
    alpha = np.linspace(0, 255, 61 * 47).round().astype(np.uint8).reshape(47, 61)
    rgba = np.dstack([source, alpha])

    def encode(image, **options):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", **options)
        return buffer.getvalue()

    def read(data):
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
        return over_white(pixels[..., :3], pixels[..., 3])

    for name, data in (
        ("lossy.webp", encode(Image.fromarray(source), quality=90)),
        ("lossless.webp", encode(Image.fromarray(source), lossless=True)),
        ("lossy-alpha.webp", encode(Image.fromarray(rgba), quality=90)),
        ("lossless-alpha.webp", encode(Image.fromarray(rgba), lossless=True, exact=True)),
    ):
        save(name, data, read(data))
    # The second frame has another colour everywhere.
    frames = [Image.fromarray(source), Image.fromarray(255 - source)]
    data = encode(frames[0], save_all=True, append_images=frames[1:], duration=100, lossless=True)
    save("animated.webp", data, source)
    # A first frame that covers a part of the canvas: pixels around it are transparent.
    inset = np.zeros((48, 64, 4), np.uint8)
    inset[10:40, 20:50] = (*source[0, 0], 255)
    inset[10:40, 20:50, :3] = source_image(30, 30)
    frames = [Image.fromarray(inset), Image.fromarray(255 - inset)]
    data = encode(frames[0], save_all=True, append_images=frames[1:], duration=100, lossless=True, exact=True)
    save("animated-inset.webp", data, over_white(inset[..., :3], inset[..., 3]))
    small = source_image(40, 24)
    for orientation in (3, 6):
        data = encode(Image.fromarray(small), lossless=True, exif=exif(orientation))
        save(f"webp-orientation-{orientation}.webp", data, rotated(small, orientation))


def gifs():
    source = Image.fromarray(source_image(61, 47)).quantize(200)
    other = Image.fromarray(255 - source_image(61, 47)).quantize(200)
    colours = np.asarray(source.convert("RGB"))

    def encode(image, **options):
        buffer = io.BytesIO()
        image.save(buffer, "GIF", **options)
        return buffer.getvalue()

    save("plain.gif", encode(source, interlace=False), colours)
    save("interlaced.gif", encode(source, interlace=True), colours)
    save("animated.gif", encode(source, save_all=True, append_images=[other], duration=100), colours)
    two = source.point(lambda level: level & 1).convert("P")
    save("two-colours.gif", encode(two), np.asarray(two.convert("RGB")))
    # Long runs grow the codes to 12 bits and clear them; noise does it soonest.
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (120, 160), np.uint8))
    save("noise.gif", encode(noise), np.repeat(np.asarray(noise)[..., None], 3, axis=2))
    index = int(np.asarray(source)[0, 0])
    mask = np.asarray(source) != index
    data = encode(source, transparency=index)
    save("transparent.gif", data, np.where(mask[..., None], colours, 255))
    # The frame at (5, 3) of a canvas of 70x60: the canvas is patched in, the frame moved.
    data = bytearray(encode(source, interlace=False))
    data[6:10] = (70).to_bytes(2, "little") + (60).to_bytes(2, "little")
    frame = data.index(b"\x2c\0\0\0\0" + (61).to_bytes(2, "little"))
    data[frame + 1 : frame + 5] = (5).to_bytes(2, "little") + (3).to_bytes(2, "little")
    canvas = np.full((60, 70, 3), 255, np.uint8)
    canvas[3:50, 5:66] = colours
    save("inset.gif", bytes(data), canvas)


def bmps():
    source = source_image(29, 17)

    def encode(rows, bits, palette=b"", compression=0, masks=b"", top_down=False):
        rows = [row + b"\0" * (-len(row) % 4) for row in (rows if top_down else rows[::-1])]
        offset = 54 + len(palette) + len(masks)
        header = b"BM" + struct.pack("<IIIIiiHHIIiiII", offset + sum(map(len, rows)), 0, offset, 40, 29,
                                     -17 if top_down else 17, 1, bits, compression, 0, 2835, 2835, len(palette) // 4, 0)
        return header + masks + palette + b"".join(rows)

    bgr = source[..., ::-1]
    save("rgb24.bmp", encode([row.tobytes() for row in bgr], 24), source)
    save("rgb24-top-down.bmp", encode([row.tobytes() for row in bgr], 24, top_down=True), source)
    save("rgb32.bmp", encode([np.dstack([bgr, bgr[..., :1]])[y].tobytes() for y in range(17)], 32), source)
    wide = source.astype(np.uint32)
    fields = (wide[..., 0] | wide[..., 1] << 20 | wide[..., 2] << 10).astype("<u4")
    masks = struct.pack("<III", 0x3FF, 0x3FF << 20, 0x3FF << 10)
    small = (source.astype(np.float64) * 255 / 1023).round()
    save("fields32.bmp", encode([row.tobytes() for row in fields], 32, compression=3, masks=masks), small)
    high = (wide[..., 0] >> 3) << 11 | (wide[..., 1] >> 2) << 5 | wide[..., 2] >> 3
    levels = np.dstack([wide[..., 0] >> 3, wide[..., 1] >> 2, wide[..., 2] >> 3])
    expected = (levels * 255 / np.array([31, 63, 31])).round()
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    save("fields16.bmp", encode([row.tobytes() for row in high.astype("<u2")], 16, compression=3, masks=masks), expected)
    low = (wide[..., 0] >> 3) << 10 | (wide[..., 1] >> 3) << 5 | wide[..., 2] >> 3
    save("rgb16.bmp", encode([row.tobytes() for row in low.astype("<u2")], 16), ((wide >> 3) * 255 / 31).round())
    for bits in (1, 4, 8):
        indices = source[..., 1] >> (8 - bits)
        colours = np.stack([np.arange(2**bits) * 7 % 256, np.arange(2**bits) * 40 % 256, 255 - np.arange(2**bits)], 1)
        packed = np.packbits(np.unpackbits(indices[..., None], axis=2)[..., 8 - bits :].reshape(17, -1), axis=1)
        palette = b"".join(bytes([b, g, r, 0]) for r, g, b in colours.tolist())
        save(f"palette{bits}.bmp", encode([row.tobytes() for row in packed], bits, palette), colours[indices])


def png_orientations():
    small = source_image(40, 24)
    for orientation in range(1, 9):
        buffer = io.BytesIO()
        Image.fromarray(small).save(buffer, "PNG", exif=exif(orientation))
        save(f"png-orientation-{orientation}.png", buffer.getvalue(), rotated(small, orientation))
    # After the image data, which the PNG specification allows too.
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "PNG", exif=exif(6))
    data = buffer.getvalue()
    start = data.index(b"eXIf") - 4
    chunk = data[start : start + 12 + int.from_bytes(data[start : start + 4], "big")]
    data = data.replace(chunk, b"")
    save("png-orientation-late.png", data[:-12] + chunk + data[-12:], rotated(small, 6))


def pngs():
    source = source_image(29, 17)
    save("rgb8.png", write_png(source.reshape(17, -1).tolist(), greyscale=False, bitdepth=8, planes=3), source)
    save(
        "rgb8-interlaced.png",
        write_png(source.reshape(17, -1).tolist(), greyscale=False, bitdepth=8, interlace=True, planes=3),
        source,
    )
    wide = source.astype(np.uint32) * 257
    save("rgb16.png", write_png(wide.reshape(17, -1).tolist(), greyscale=False, bitdepth=16, planes=3), source)
    save(
        "gray16.png",
        write_png(wide[..., 0].tolist(), greyscale=True, bitdepth=16),
        np.repeat(source[..., :1], 3, axis=2),
    )
    save(
        "gray8-interlaced.png",
        write_png(source[..., 0].tolist(), greyscale=True, bitdepth=8, interlace=True),
        np.repeat(source[..., :1], 3, axis=2),
    )
    for depth in (1, 2, 4, 8):
        levels = source[..., 1] >> (8 - depth)
        gray = (levels.astype(np.uint32) * 255 // (2**depth - 1)).astype(np.uint8)
        save(
            f"gray{depth}.png",
            write_png(levels.tolist(), greyscale=True, bitdepth=depth),
            np.repeat(gray[..., None], 3, axis=2),
        )

    alpha = np.linspace(0, 255, 29 * 17).round().astype(np.uint8).reshape(17, 29)

    rgba = np.dstack([source, alpha])
    save(
        "rgba8.png",
        write_png(rgba.reshape(17, -1).tolist(), greyscale=False, alpha=True, bitdepth=8, planes=4),
        over_white(source, alpha),
    )
    save(
        "rgba16-interlaced.png",
        write_png(
            (rgba.astype(np.uint32) * 257).reshape(17, -1).tolist(),
            greyscale=False, alpha=True, bitdepth=16, interlace=True, planes=4,
        ),
        over_white(source, alpha),
    )
    gray_alpha = np.dstack([source[..., 0], alpha])
    save(
        "gray-alpha8.png",
        write_png(gray_alpha.reshape(17, -1).tolist(), greyscale=True, alpha=True, bitdepth=8, planes=2),
        over_white(np.repeat(source[..., :1], 3, axis=2), alpha),
    )
    save(
        "gray-alpha16.png",
        write_png(
            (gray_alpha.astype(np.uint32) * 257).reshape(17, -1).tolist(),
            greyscale=True, alpha=True, bitdepth=16, planes=2,
        ),
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


def preproc(image, input_height, input_width):
    """As yolox/data/data_augment.py, for a picture that may have been reduced before: `image` and its full size."""
    pixels, (width, height) = image
    padded = np.full((input_height, input_width, 3), 114, np.uint8)
    ratio = min(input_height / height, input_width / width)
    size = (int(width * ratio), int(height * ratio))
    resized = cv2.resize(np.ascontiguousarray(pixels[..., ::-1]), size, interpolation=cv2.INTER_LINEAR)
    padded[: size[1], : size[0]] = resized
    return np.ascontiguousarray(padded.transpose(2, 0, 1))


def reduced():
    """What a letterbox gives of JPEGs that libjpeg has reduced, as Pillow's draft mode has it do."""
    for name, eighths, input_height, input_width in (
        ("baseline-420.jpg", 4, 20, 28), ("baseline-444.jpg", 4, 23, 30), ("baseline-422.jpg", 2, 11, 15),
        ("progressive.jpg", 2, 12, 9), ("gray.jpg", 1, 6, 6), ("cmyk.jpg", 4, 16, 29), ("baseline-420.jpg", 1, 3, 3),
        *((f"orientation-{orientation}.jpg", 2, 10, 10) for orientation in range(1, 9)),
    ):
        full = ImageOps.exif_transpose(Image.open(HERE / name)).size
        image = Image.open(HERE / name)
        image.draft(image.mode, (image.width * eighths // 8, image.height * eighths // 8))
        small = ImageOps.exif_transpose(image)
        assert small.width in (-(-full[0] * eighths // 8), full[0] * eighths // 8), (name, small.size)
        if small.mode == "CMYK":
            ink = 255 - np.asarray(small).astype(np.float64)
            pixels = (ink[..., :3] * ink[..., 3:] / 255).round().astype(np.uint8)
        else:
            pixels = np.asarray(small.convert("RGB"))
        planes = preproc((pixels, full), input_height, input_width)
        (HERE / f"reduced-{Path(name).stem}-{input_width}x{input_height}.bgr").write_bytes(planes.tobytes())


def scaled_webps():
    """Each pixel the mean of those that it covers (OpenCV's INTER_AREA), in an input of exactly that size."""
    for name in ("lossless", "lossy"):
        image = Image.open(HERE / f"{name}.webp").convert("RGB")
        for eighths in (1, 2, 4):
            size = ((image.width * eighths + 7) // 8, (image.height * eighths + 7) // 8)
            small = cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA)
            planes = preproc((small, image.size), size[1], size[0])
            (HERE / f"scaled-{name}-{size[0]}x{size[1]}.bgr").write_bytes(planes.tobytes())


def letterboxes():
    for width, height, input_height, input_width in (
        (29, 17, 64, 64), (61, 47, 32, 32), (61, 47, 64, 32), (40, 24, 32, 96), (64, 64, 64, 64), (100, 8, 32, 32),
    ):
        planes = preproc((source_image(width, height), (width, height)), input_height, input_width)
        (HERE / f"letterbox-{width}x{height}-{input_width}x{input_height}.bgr").write_bytes(planes.tobytes())
        (HERE / f"source-{width}x{height}.rgb").write_bytes(source_image(width, height).tobytes())


jpegs()
pngs()
png_orientations()
webps()
gifs()
bmps()
letterboxes()
reduced()
scaled_webps()
(HERE / "sizes.json").write_text(json.dumps(sizes, indent=1, sort_keys=True) + "\n")
