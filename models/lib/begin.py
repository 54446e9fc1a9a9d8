"""The weights of an exported network as the beginning of another run. An export has its batch norms folded into the
convolutions, so they are made anew: with the mean and deviation that some scenes give, and the scale and shift that leave
every answer as it was."""

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch import nn


def begin_from_onnx(model: nn.Module, path: str, inputs: torch.Tensor) -> None:
    folded = convolutions_of(path)
    convolutions = called(model, nn.Conv2d, inputs)
    if len(folded) != len(convolutions):
        raise ValueError(f"{path} has {len(folded)} convolutions, the network {len(convolutions)}")
    shifts: dict[nn.Module, torch.Tensor] = {}
    with torch.no_grad():
        for convolution, (weight, bias) in zip(convolutions, folded):
            convolution.weight.copy_(weight)
            if convolution.bias is not None:
                convolution.bias.copy_(bias)
            else:
                shifts[convolution] = bias
    norms = iter(called(model, nn.BatchNorm2d, inputs))
    # Each convolution without a bias of its own has a norm after it, in this order.
    handles = [next(norms).register_forward_hook(refit(shift)) for shift in shifts.values()]
    model.train()
    with torch.no_grad():
        model(inputs)
    for handle in handles:
        handle.remove()


def refit(shift: torch.Tensor):
    def hook(norm: nn.BatchNorm2d, inputs, _):
        (x,) = inputs
        mean = x.mean((0, 2, 3))
        variance = x.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + shift)
        return x + shift[:, None, None]

    return hook


def convolutions_of(path: str):
    """Weight and bias of each, in the order in which they run."""
    graph = onnx.load(path).graph
    values = {one.name: torch.from_numpy(numpy.array(numpy_helper.to_array(one))) for one in graph.initializer}
    return [
        (values[node.input[1]], values[node.input[2]] if len(node.input) > 2 else None)
        for node in graph.node
        if node.op_type == "Conv"
    ]


def called(model: nn.Module, kind: type, inputs: torch.Tensor) -> list[nn.Module]:
    """Modules of a kind, in the order in which they run."""
    order: list[nn.Module] = []
    handles = [
        module.register_forward_hook(lambda module, _, __: order.append(module))
        for module in model.modules()
        if isinstance(module, kind)
    ]
    model.eval()
    with torch.no_grad():
        model(inputs[:1])
    for handle in handles:
        handle.remove()
    return order
