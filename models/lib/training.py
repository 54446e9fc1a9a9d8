"""The loop that both detectors are trained by: seeded, with checkpoints, so that it goes on where it was stopped."""

import argparse
import json
import os
import queue
import random
import threading
import time

import numpy
import torch

from .begin import begin_from_onnx
from .detector import Average, export


def arguments(name: str, steps: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=f".cache/models/{name}/train-*")
    parser.add_argument("--work", default=f".cache/models/{name}/work")
    parser.add_argument("--begin", help="checkpoint or exported network whose weights are the first ones")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def prefetch(batches, depth: int = 4):
    """Makes batches in a thread while the network works on those before."""
    ready: queue.Queue = queue.Queue(depth)

    def fill():
        for batch in batches:
            ready.put(batch)

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield ready.get()


def batches(scene_count: int, make, options, start: int):
    """Every scene once per epoch, in an order that the seed gives; begins at step `start`."""
    per_epoch = scene_count // options.batch
    for step in range(start, options.steps):
        epoch, at = divmod(step, per_epoch)
        if at == 0 or step == start:
            order = numpy.random.default_rng(options.seed * 1000 + epoch).permutation(scene_count)
        chosen = order[at * options.batch : (at + 1) * options.batch]
        flips = numpy.random.default_rng([options.seed, step]).random(options.batch) < 0.5
        yield [torch.from_numpy(a) for a in make(chosen, flips)]


def train(model, make, loss_of, scene_count: int, options, input_name: str, example):
    """`example`: one input of the size that the exported model takes."""
    torch.set_num_threads(options.threads)
    random.seed(options.seed)
    os.makedirs(options.work, exist_ok=True)
    checkpoint = os.path.join(options.work, "checkpoint.pt")
    onnx_file = os.path.join(options.work, "model.onnx")
    if options.begin and options.begin.endswith(".onnx"):
        some = numpy.random.default_rng(options.seed).choice(scene_count, 4 * options.batch, replace=False)
        begin_from_onnx(model, options.begin, torch.from_numpy(make(some, numpy.zeros(len(some), bool))[0]))
    elif options.begin:
        model.load_state_dict(torch.load(options.begin, weights_only=True)["model"])
    model.train()
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=options.steps + 1, pct_start=0.1
    )
    average = Average(model)
    start = 0
    spent_s = 0.0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        average.values = saved["average"]
        start, spent_s = saved["step"], saved["spent_s"]
        print(f"goes on at step {start}", flush=True)

    def save(step):
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "average": average.values,
            "step": step,
            "spent_s": spent_s,
        }
        torch.save(state, checkpoint + ".new")
        os.replace(checkpoint + ".new", checkpoint)
        kept = {k: v.clone() for k, v in model.state_dict().items()}
        export(model, average.values, example, onnx_file + ".new", input_name)
        os.replace(onnx_file + ".new", onnx_file)
        model.load_state_dict(kept)
        model.train()

    sums: dict[str, float] = {}
    began = time.process_time()
    for step, batch in enumerate(prefetch(batches(scene_count, make, options, start)), start + 1):
        inputs = batch[0]
        if inputs.dtype.is_floating_point:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        losses = loss_of(model(inputs), batch[1:])
        optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        schedule.step()
        average.update(model)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % 50 == 0:
            spent_s += time.process_time() - began
            began = time.process_time()
            means = {name: round(value / 50, 4) for name, value in sums.items()}
            print(json.dumps({"step": step, "cpuS": round(spent_s), **means}), flush=True)
            sums = {}
        if step % 100 == 0 or step == options.steps:
            save(step)
        if step == options.steps:
            break
