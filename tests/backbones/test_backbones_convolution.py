"""A frozen convolution's own gradient is autograd's, border and all, and nothing is kept for it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from impasto.backbones.convolution import Convolution


def frozen(before: int, after: int, padding: str = "replicate", kernel: int = 3) -> Convolution:
    with torch.random.fork_rng():
        torch.manual_seed(before + after)
        made = Convolution(before, after, kernel, padding=kernel // 2, padding_mode=padding)  # type: ignore[arg-type]
    return made.double().requires_grad_(False)


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_values_and_gradient_are_those_of_autograd(
    pictures: int, height: int, width: int, channels: int
) -> None:
    convolution = frozen(channels, 4)
    x = torch.randn(pictures, channels, height, width).double().requires_grad_()
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    expected = F.conv2d(padded, convolution.weight, convolution.bias)
    found, given = convolution(x), torch.randn_like(expected)
    torch.testing.assert_close(found, expected)
    wanted = torch.autograd.grad(expected, x, given)
    torch.testing.assert_close(torch.autograd.grad(found, x, given), wanted)


def test_the_gradient_is_channels_last_and_nothing_but_weights_is_kept() -> None:
    convolution, kept = frozen(6, 8), []
    x = torch.randn(1, 6, 16, 12).double().contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor
    ):
        y = convolution(x)
    assert [tensor.data_ptr() for tensor in kept] == [convolution.weight.data_ptr()]
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("padding", "kernel"), [("zeros", 3), ("reflect", 3), ("replicate", 1)])
def test_other_convolutions_are_pytorchs(padding: str, kernel: int) -> None:
    convolution = frozen(3, 4, padding, kernel)
    plain = nn.Conv2d(3, 4, kernel, padding=kernel // 2, padding_mode=padding).double()
    plain.load_state_dict(convolution.state_dict())
    x = torch.randn(1, 3, 8, 8).double().requires_grad_()
    torch.testing.assert_close(convolution(x), plain(x))
    assert type(convolution(x).grad_fn).__name__ == type(plain(x).grad_fn).__name__


def test_one_that_learns_gets_its_weights_gradient() -> None:
    convolution = frozen(3, 4).requires_grad_(True)
    convolution(torch.randn(1, 3, 8, 8).double()).sum().backward()
    assert convolution.weight.grad is not None
    assert convolution.weight.grad.any()


def test_under_autocast_the_gradient_comes_in_the_input_s_precision() -> None:
    convolution = frozen(3, 4).float()
    x = torch.randn(1, 3, 16, 16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = convolution(x)
    assert y.dtype == torch.bfloat16
    (found,) = torch.autograd.grad(y.float().square().sum(), x)
    (wanted,) = torch.autograd.grad(convolution(x).square().sum(), x)
    assert found.dtype == torch.float32
    assert (found - wanted).norm() < 0.02 * wanted.norm()
