"""A real detector on a real picture, through both transports: the published boxes come out.

Real data is not part of the project: SACCADE_SHARED names its directory, and the server must have the model
`fastestdet`. Without it the tests skip, loudly, or fail where SACCADE_REQUIRE_SHARED=1.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from helpers import tensor
from PIL import Image

SHARED = Path(os.environ.get("SACCADE_SHARED", "absent"))
PICTURE = SHARED / "data/coco/street.jpg"
EXPECTED = [
    (0.901, (40.6, 62.6, 178.0, 294.3)),
    (0.895, (288.9, 141.9, 482.4, 297.0)),
    (0.807, (159.1, 136.2, 255.9, 265.5)),
    (0.780, (231.2, 138.9, 322.6, 277.3)),
]


def resize_bilinear(image, width, height):
    """Half-pixel centres, edges clamped, no antialiasing, rounded to 8 bits."""

    def axis(size, target):
        position = np.clip((np.arange(target) + 0.5) * size / target - 0.5, 0, size - 1)
        first = np.floor(position).astype(int)
        return first, np.minimum(first + 1, size - 1), position - first

    top, bottom, down = axis(image.shape[0], height)
    left, right, across = axis(image.shape[1], width)
    rows = (
        image[top] * (1 - down)[:, None, None] + image[bottom] * down[:, None, None]
    )
    resized = rows[:, left] * (1 - across)[None, :, None] + rows[:, right] * across[None, :, None]
    return np.rint(resized)


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return shared / (area(a) + area(b) - shared)


def decode(output, width, height):
    """People above 0.65, best first, without overlaps above 0.45."""
    cells = output.reshape(85, -1).T
    found = []
    for index, cell in enumerate(cells):
        score = cell[0] ** 0.6 * cell[5:].max() ** 0.4
        if score <= 0.65 or cell[5:].argmax() != 0:
            continue
        row, column = divmod(index, 22)
        x, y = (column + np.tanh(cell[1])) / 22, (row + np.tanh(cell[2])) / 22
        w, h = 1 / (1 + np.exp(-cell[3:5]))
        box = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
        found.append((score, box))
    kept = []
    for candidate in sorted(found, key=lambda one: -one[0]):
        if all(iou(candidate[1], other[1]) <= 0.45 for other in kept):
            kept.append(candidate)
    return kept


def test_street_has_four_people_where_they_were_published(api):
    if not PICTURE.exists():
        absent = f"real data is absent: {PICTURE}"
        if os.environ.get("SACCADE_REQUIRE_SHARED") == "1":
            pytest.fail(f"SACCADE_REQUIRE_SHARED=1, but {absent}")
        pytest.skip(absent)
    picture = np.asarray(Image.open(PICTURE).convert("RGB"))
    height, width = picture.shape[:2]
    blue_green_red = resize_bilinear(picture, 352, 352)[:, :, ::-1]
    values = (blue_green_red / 255).transpose(2, 0, 1)[None].astype(np.float32)
    result = api.client.infer(
        "fastestdet", [tensor(api.module, "input.1", np.ascontiguousarray(values))]
    )
    people = decode(result.as_numpy("758"), width, height)
    assert len(people) == len(EXPECTED)
    for (score, box), (expected_score, expected_box) in zip(people, EXPECTED):
        assert abs(score - expected_score) <= 0.01
        assert iou(box, expected_box) >= 0.95
