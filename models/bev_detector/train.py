"""Trains the LiDAR detector on scenes that dump-scenes.ts wrote.

    for first in 0 400 800 1200 1600; do
        node -C source models/bev_detector/dump-scenes.ts --set train --first $first --drives 400
    done
    .venv/bin/python -m models.bev_detector.train

report.md says how the committed model was made.
"""

import glob
import json
import os

import numpy

from models.lib.detector import Detector, focal_loss, weighted_l1
from models.lib.training import arguments, train

CLASSES = 3
# Cells of the answer, two of the input's on each side.
STRIDE = 2
# Fewer points than this are neither an object nor its absence.
LEAST_POINTS = 5
# By how much a centre counts before sizes and yaws: the smaller a thing is, the more an error costs.
OFFSET_WEIGHT = 6.0
# Squared, not absolute: most cars stand along the road, and absolute errors are content with their median for a thousand steps.
YAW_WEIGHT = 4.0
# A pedestrian is as wide as long: nobody can tell, and nobody needs to.
WITH_YAW = (0, 1)
SIGMA_CELLS = (1.0, 0.8, 0.7)
# How far around an object its cells speak for it.
REACH = 2
# Scenes are learnt from in parts, mostly of the road: cells of the input, multiples of 8. Half the work for nearly all objects.
CROP_ROWS, CROP_COLUMNS = 96, 112
HEADS = {"heatmap": CLASSES, "offset": 2, "size": 2, "yaw": 2}


class Scenes:
    """All folders that the pattern matches, one after the other."""

    def __init__(self, pattern: str):
        folders = sorted(glob.glob(pattern))
        with open(os.path.join(folders[0], "scenes.json")) as file:
            about = json.load(file)
        self.grid = about["grid"]
        self.channels, self.rows, self.columns = about["shape"]
        self.parts = [Part(folder, self.channels) for folder in folders]
        self.ends = numpy.cumsum([len(part.cell_ends) for part in self.parts])
        self.count = int(self.ends[-1])

    def scene(self, index: int):
        """Occupied cells, their channels, and the objects."""
        at = int(numpy.searchsorted(self.ends, index, side="right"))
        first = 0 if at == 0 else int(self.ends[at - 1])
        return self.parts[at].scene(index - first)

    def make(self, chosen, flips):
        grid = self.grid
        cell_m = grid["cellM"] * STRIDE
        rows, columns = CROP_ROWS // STRIDE, CROP_COLUMNS // STRIDE
        n = len(chosen)
        inputs = numpy.zeros((n, self.channels, CROP_ROWS, CROP_COLUMNS), numpy.float32)
        heat = numpy.zeros((n, CLASSES, rows, columns), numpy.float32)
        ignored = numpy.zeros_like(heat)
        target = numpy.zeros((n, 6, rows, columns), numpy.float32)
        weight = numpy.zeros((n, CLASSES, rows, columns), numpy.float32)
        for i, scene in enumerate(chosen):
            cells, values, objects = self.scene(int(scene))
            random = numpy.random.default_rng([int(scene), int(chosen[0]), int(flips[i])])
            room = (self.rows - CROP_ROWS, self.columns - CROP_COLUMNS)
            top = int(numpy.clip(random.normal(room[0] / 2, 12), 0, room[0])) // STRIDE * STRIDE
            left = random.integers(0, room[1] // STRIDE + 1) * STRIDE
            r = cells.astype(numpy.int32) // self.columns - top
            c = cells.astype(numpy.int32) % self.columns - left
            if flips[i]:
                r = CROP_ROWS - 1 - r
            kept = (r >= 0) & (r < CROP_ROWS) & (c >= 0) & (c < CROP_COLUMNS)
            inputs[i][:, r[kept], c[kept]] = values[kept].T
            for class_id, x, y, length, width, yaw, points in objects:
                u = (x - grid["minXM"]) / cell_m - left / STRIDE
                v = (y - grid["minYM"]) / cell_m - top / STRIDE
                if flips[i]:
                    v, yaw = rows - v, -yaw
                draw(heat[i], ignored[i], target[i], weight[i], int(class_id), u, v, length, width, yaw, points)
        # Where in its cell the points lie, mirrored with the rest.
        inputs[flips, 7] = -inputs[flips, 7]
        return inputs, heat, ignored, target, weight


class Part:
    def __init__(self, folder: str, channels: int):
        self.cell_ends = numpy.fromfile(os.path.join(folder, "cell-ends.i64"), numpy.int64)
        self.object_ends = numpy.fromfile(os.path.join(folder, "object-ends.i64"), numpy.int64)
        self.objects = numpy.fromfile(os.path.join(folder, "objects.f32"), numpy.float32).reshape(-1, 7)
        self.cells = numpy.memmap(os.path.join(folder, "cells.u16"), numpy.uint16, "r")
        values = numpy.memmap(os.path.join(folder, "values.f16"), numpy.float16, "r")
        self.values = values.reshape(-1, channels)

    def scene(self, index: int):
        cells = slice(0 if index == 0 else self.cell_ends[index - 1], self.cell_ends[index])
        objects = slice(0 if index == 0 else self.object_ends[index - 1], self.object_ends[index])
        return self.cells[cells], self.values[cells], self.objects[objects]


def draw(heat, ignored, target, weight, class_id, u, v, length, width, yaw, points):
    rows, columns = heat.shape[1:]
    column, row = int(numpy.floor(u)), int(numpy.floor(v))
    if not (0 <= column < columns and 0 <= row < rows):
        return
    c0, c1 = max(0, column - REACH), min(columns, column + REACH + 1)
    r0, r1 = max(0, row - REACH), min(rows, row + REACH + 1)
    cs, rs = numpy.arange(c0, c1), numpy.arange(r0, r1)[:, None]
    window = (slice(r0, r1), slice(c0, c1))
    squared = (cs - column) ** 2 + (rs - row) ** 2
    near = numpy.exp(-squared / (2 * SIGMA_CELLS[class_id] ** 2)).astype(numpy.float32)
    if points < LEAST_POINTS:
        numpy.maximum(ignored[class_id][window], (near > 0.1).astype(numpy.float32), out=ignored[class_id][window])
        return
    numpy.maximum(heat[class_id][window], near, out=heat[class_id][window])
    # Where two objects are near, the cells belong to the nearer one.
    wins = near > weight[(slice(None), *window)].max(axis=0)
    target[0][window][wins] = (u - cs + 0 * rs)[wins]
    target[1][window][wins] = (v - rs + 0 * cs)[wins]
    for plane, value in enumerate((numpy.log(length), numpy.log(width), numpy.sin(2 * yaw), numpy.cos(2 * yaw)), 2):
        target[plane][window][wins] = value
    weight[(slice(None), *window)][:, wins] = 0
    weight[class_id][window][wins] = near[wins]


def loss_of(outputs, batch):
    heatmap, offset, size, yaw = outputs
    heat, ignored, target, weight = batch
    return {
        "heat": focal_loss(heatmap, heat, ignored),
        "offset": OFFSET_WEIGHT * mean_by_class(offset, target[:, 0:2], weight),
        "size": mean_by_class(size, target[:, 2:4], weight),
        "yaw": YAW_WEIGHT * mean_by_class((yaw - target[:, 4:6]) ** 2, 0, weight, WITH_YAW),
    }


def mean_by_class(output, target, weight, classes=range(CLASSES)):
    """Of each class by itself: there are ten cars for each cyclist."""
    means = [weighted_l1(output, target, weight[:, c : c + 1].expand_as(output)) for c in classes]
    return sum(means) / len(means)


def main():
    import torch

    options = arguments("bev", steps=1500)
    torch.manual_seed(options.seed)
    scenes = Scenes(options.data)
    model = Detector(scenes.channels, [(24, 2)], HEADS, head_width=32)
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    example = torch.zeros(1, scenes.channels, scenes.rows, scenes.columns)
    train(model, scenes.make, loss_of, scenes.count, options, "bev", example)


if __name__ == "__main__":
    main()
