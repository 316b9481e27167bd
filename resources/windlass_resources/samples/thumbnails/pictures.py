"""The three functions of the thumbnails sample."""

import math
from pathlib import Path

try:
    from PIL import Image, ImageDraw
except ImportError as error:
    raise ImportError(
        "the thumbnails sample needs Pillow on every agent: pip install pillow (Debian: apt install python3-pil)"
    ) from error


def draw(count: int, width: int) -> int:
    """Draw `count` pictures of rings into photos/; each has its own colour."""
    folder = Path("photos")
    folder.mkdir(exist_ok=True)
    height = width * 2 // 3
    for number in range(count):
        picture = Image.linear_gradient("L").resize((width, height)).convert("HSV")
        hue = Image.new("L", (width, height), 255 * number // count)
        value = picture.getchannel("V")
        picture = Image.merge("HSV", (hue, Image.new("L", (width, height), 140), value)).convert("RGB")
        pen = ImageDraw.Draw(picture)
        for ring in range(2, 12):
            angle = number + ring * 0.7
            x = width / 2 + math.cos(angle) * width / 5
            y = height / 2 + math.sin(angle) * height / 5
            radius = ring * height / 30
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline="white", width=max(1, width // 300))
        picture.save(folder / f"photo-{number:03d}.jpg", quality=90)
    print(f"drew {count} pictures of {width} x {height} pixels")
    return count


def shrink(picture: str, longest: int) -> list[int]:
    """Make the thumbnail of one picture; returns its size."""
    folder = Path("thumbs")
    folder.mkdir(exist_ok=True)
    path = Path(str(picture))
    with Image.open(path) as image:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        image.save(folder / f"{path.stem}.jpg", quality=85)
        print(f"{path.name}: {image.width} x {image.height}")
        return [image.width, image.height]


def sheet(cell: int) -> list[int]:
    """Lay all thumbnails on one sheet, nearly square; returns its size."""
    thumbnails = sorted(Path("thumbs").glob("*.jpg"))
    if not thumbnails:
        raise FileNotFoundError("there is no thumbnail in thumbs/")
    columns = math.ceil(math.sqrt(len(thumbnails)))
    rows = math.ceil(len(thumbnails) / columns)
    gap = max(4, cell // 20)
    page = Image.new("RGB", (columns * (cell + gap) + gap, rows * (cell + gap) + gap), "white")
    for position, path in enumerate(thumbnails):
        row, column = divmod(position, columns)
        with Image.open(path) as image:
            page.paste(image, (gap + column * (cell + gap), gap + row * (cell + gap)))
    page.save("contact-sheet.png")
    print(f"{len(thumbnails)} thumbnails on a sheet of {page.width} x {page.height} pixels")
    return [page.width, page.height]
