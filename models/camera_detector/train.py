"""Trains the camera detector on pictures that dump-pictures.ts wrote.

    for first in 0 400 800 1200; do
        node -C source models/camera_detector/dump-pictures.ts --set train --first $first --drives 400
    done
    .venv/bin/python -m models.camera_detector.train
"""

import glob
import json
import os

import numpy
import torch
from torch import nn

from models.lib.detector import Detector, focal_loss, weighted_l1
from models.lib.training import arguments, train

CLASSES = 3
STRIDE = 4
# Lower than this, or narrower, is neither an object nor its absence.
LEAST_HEIGHT_PX = 7
LEAST_WIDTH_PX = 3
# Pictures are learnt from in parts, around the horizon: rows of pixels, a multiple of 16. Half the work for nearly all objects.
CROP_ROWS = 112
HEADS = {"heatmap": CLASSES, "edges": 4}


class CameraDetector(nn.Module):
    """Takes pictures as they come: bytes, rows of pixels of three channels."""

    def __init__(self):
        super().__init__()
        self.net = Detector(3, [(16, 2), (32, 2)], HEADS)
        self.heads = HEADS

    def forward(self, pictures):
        x = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
        return self.net(x.contiguous(memory_format=torch.channels_last) if self.training else x)


class Pictures:
    """All folders that the pattern matches, one after the other."""

    def __init__(self, pattern: str):
        self.parts = []
        for folder in sorted(glob.glob(pattern)):
            with open(os.path.join(folder, "pictures.json")) as file:
                about = json.load(file)
            self.width, self.height = about["width"], about["height"]
            pictures = numpy.memmap(os.path.join(folder, "pictures.u8"), numpy.uint8, "r")
            ends = numpy.fromfile(os.path.join(folder, "object-ends.i64"), numpy.int64)
            objects = numpy.fromfile(os.path.join(folder, "objects.f32"), numpy.float32).reshape(-1, 6)
            self.parts.append((pictures.reshape(-1, self.height, self.width, 3), ends, objects))
        self.ends = numpy.cumsum([len(part[1]) for part in self.parts])
        self.count = int(self.ends[-1])

    def picture(self, index: int):
        at = int(numpy.searchsorted(self.ends, index, side="right"))
        index -= 0 if at == 0 else int(self.ends[at - 1])
        pictures, ends, objects = self.parts[at]
        return pictures[index], objects[(0 if index == 0 else ends[index - 1]) : ends[index]]

    def make(self, chosen, flips):
        rows, columns = CROP_ROWS // STRIDE, self.width // STRIDE
        n = len(chosen)
        inputs = numpy.zeros((n, CROP_ROWS, self.width, 3), numpy.uint8)
        heat = numpy.zeros((n, CLASSES, rows, columns), numpy.float32)
        ignored = numpy.zeros_like(heat)
        target = numpy.zeros((n, 4, rows, columns), numpy.float32)
        weight = numpy.zeros((n, 1, rows, columns), numpy.float32)
        for i, index in enumerate(chosen):
            picture, objects = self.picture(int(index))
            random = numpy.random.default_rng([int(index), int(chosen[0])])
            top = int(numpy.clip(random.normal(28, 14), 0, self.height - CROP_ROWS)) // STRIDE * STRIDE
            picture = picture[top : top + CROP_ROWS]
            inputs[i] = picture[:, ::-1] if flips[i] else picture
            nearest = numpy.zeros((rows, columns), numpy.float32)
            for class_id, x1, y1, x2, y2, _ in objects:
                if flips[i]:
                    x1, x2 = self.width - x2, self.width - x1
                # What the cut goes through is seen as far as it goes, as at the edges of the picture.
                y1, y2 = max(0, y1 - top), min(CROP_ROWS, y2 - top)
                if y2 > y1:
                    draw(heat[i], ignored[i], target[i], weight[i, 0], nearest, int(class_id), (x1, y1, x2, y2))
        return inputs, heat, ignored, target, weight


def draw(heat, ignored, target, weight, nearest, class_id, box):
    rows, columns = nearest.shape
    x1, y1, x2, y2 = (side / STRIDE for side in box)
    column = min(columns - 1, int((x1 + x2) / 2))
    row = min(rows - 1, int((y1 + y2) / 2))
    sigma_x = min(3.0, max(0.6, (x2 - x1) / 6))
    sigma_y = min(3.0, max(0.6, (y2 - y1) / 6))
    reach_x, reach_y = int(2.5 * sigma_x), int(2.5 * sigma_y)
    cs = numpy.arange(max(0, column - reach_x), min(columns, column + reach_x + 1))
    rs = numpy.arange(max(0, row - reach_y), min(rows, row + reach_y + 1))[:, None]
    window = (slice(rs[0, 0], rs[-1, 0] + 1), slice(cs[0], cs[-1] + 1))
    near = numpy.exp(-((cs - column) ** 2) / (2 * sigma_x**2) - (rs - row) ** 2 / (2 * sigma_y**2))
    near = near.astype(numpy.float32)
    if box[3] - box[1] < LEAST_HEIGHT_PX or box[2] - box[0] < LEAST_WIDTH_PX:
        hidden = ignored[class_id][window]
        numpy.maximum(hidden, (near > 0.1).astype(numpy.float32), out=hidden)
        return
    numpy.maximum(heat[class_id][window], near, out=heat[class_id][window])
    wins = near > nearest[window]
    nearest[window][wins] = near[wins]
    edges = (cs + 0.5 - x1, rs + 0.5 - y1, x2 - cs - 0.5, y2 - rs - 0.5)
    for plane, distance in enumerate(edges):
        pixels = numpy.maximum(distance * STRIDE, 0.5) + numpy.zeros_like(near)
        target[plane][window][wins] = numpy.log(pixels)[wins]
    # Each object counts the same, however many cells it has.
    weight[window][wins] = (near / near.sum())[wins]


def loss_of(outputs, batch):
    heatmap, edges = outputs
    heat, ignored, target, weight = batch
    return {
        "heat": focal_loss(heatmap, heat, ignored),
        "edges": 2.0 * weighted_l1(edges, target, weight.expand_as(edges)),
    }


def main():
    options = arguments("camera", steps=1000)
    torch.manual_seed(options.seed)
    pictures = Pictures(options.data)
    model = CameraDetector()
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    example = torch.zeros(1, pictures.height, pictures.width, 3, dtype=torch.uint8)
    train(model, pictures.make, loss_of, pictures.count, options, "image", example)


if __name__ == "__main__":
    main()
