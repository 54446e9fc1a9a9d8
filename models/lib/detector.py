"""One small network for both detectors: an encoder with residual blocks, added back up to one resolution, and a head of
heat maps and regressions (CenterNet, https://arxiv.org/abs/1904.07850)."""

import torch
from torch import nn
from torch.nn import functional


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return functional.relu(x + self.second(self.first(x)))


class Detector(nn.Module):
    """`stem` lists (channels, stride) of the first layers; the answer has the resolution that they leave.
    `widths` are the channels at half and at a quarter of that. `heads` maps the name of an output to its channels; the
    heat map, of logits, comes first."""

    def __init__(
        self,
        inputs: int,
        stem: list[tuple[int, int]],
        heads: dict[str, int],
        widths: tuple[int, int] = (48, 64),
        head_width: int = 48,
    ):
        super().__init__()
        layers = []
        for channels, stride in stem:
            layers.append(conv(inputs, channels, stride))
            inputs = channels
        self.stem = nn.Sequential(*layers, Residual(inputs))
        middle, coarse = widths
        self.down1 = nn.Sequential(conv(inputs, middle, 2), Residual(middle))
        self.down2 = nn.Sequential(conv(middle, coarse, 2), Residual(coarse))
        self.lateral1 = nn.Conv2d(coarse, middle, 1)
        self.lateral0 = nn.Conv2d(middle, inputs, 1)
        self.merge = conv(middle, middle)
        self.head = conv(inputs, head_width)
        self.out = nn.Conv2d(head_width, sum(heads.values()), 1)
        self.heads = heads
        with torch.no_grad():
            # Nearly nothing is an object: begin there, or the first steps are spent on learning it.
            first = next(iter(heads.values()))
            self.out.bias[:first].fill_(-4.6)

    def forward(self, x):
        fine = self.stem(x)
        middle = self.down1(fine)
        coarse = self.down2(middle)
        middle = self.merge(middle + up(self.lateral1(coarse)))
        fine = fine + up(self.lateral0(middle))
        out = self.out(self.head(fine))
        return torch.split(out, list(self.heads.values()), dim=1)


def up(x):
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def focal_loss(logits, heat, ignored):
    """Penalty-reduced focal loss, each class by itself: a rare class counts as much as a frequent one."""
    positive = (heat == 1).float()
    p = torch.sigmoid(logits)
    found = functional.logsigmoid(logits) * (1 - p) ** 2 * positive
    empty = functional.logsigmoid(-logits) * p**2 * (1 - heat) ** 4 * (1 - positive) * (1 - ignored)
    per_class = -(found + empty).sum(dim=(0, 2, 3))
    return (per_class / positive.sum(dim=(0, 2, 3)).clamp(min=1)).mean()


def weighted_l1(output, target, weight):
    return ((output - target).abs() * weight).sum() / weight.sum().clamp(min=1)


class Average:
    """Exponential moving average of the weights: what is exported. It follows closely at first, so that what the weights
    were before training is forgotten at once."""

    def __init__(self, model: nn.Module, decay: float = 0.998):
        self.decay = decay
        self.count = 0
        self.values = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: nn.Module):
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.dtype.is_floating_point:
                    self.values[name].lerp_(value, 1 - decay)
                else:
                    self.values[name].copy_(value)


def export(model: nn.Module, values: dict, example, path: str, input_name: str):
    """To ONNX, opset 17, any batch size; batch norms are folded into the convolutions."""
    import onnx

    model.load_state_dict(values)
    model.eval()
    names = list(model.heads)
    torch.onnx.export(
        model,
        (example,),
        path,
        opset_version=17,
        input_names=[input_name],
        output_names=names,
        dynamic_axes={name: {0: "batch"} for name in [input_name, *names]},
        dynamo=False,
    )
    exported = onnx.load(path)
    # Names of files and lines on the machine that exported are of no use to anybody.
    for node in exported.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(exported)
    onnx.save(exported, path)
