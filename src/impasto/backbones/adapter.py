"""Any PyTorch network as a backbone, through hooks on its submodules."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from impasto.errors import OptionError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class _Stop(Exception):  # noqa: N818 - it is no error
    """Leave a forward pass once everything wanted is known."""


class ModuleBackbone:
    """Read features from the submodules of a network; a `Backbone`.

    The network is the caller's and stays as it was: it must be in evaluation mode, its
    parameters get no gradients, and no hook outlasts a call. Gradients flow to the images.
    """

    def __init__(
        self,
        module: nn.Module,
        layers: Mapping[str, str] | Sequence[str],
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        probe_size: int = 64,
    ) -> None:
        """Run the network once on an empty picture, to learn order and channels.

        Args:
            module: Takes pictures (N, 3, H, W), normalised by `mean` and `std`.
            layers: Names of submodules ("layer3.1.conv2"), or our names for them
                ({"relu4_1": "layer3"}). Each must run once in a pass.
            mean: Per channel, of RGB in [0, 1].
            std: Likewise.
            probe_size: Side of the empty picture; raise it where a network needs more.

        Raises:
            OptionError: A name is unknown, gives no (N, C, H, W) map or runs several times;
                the network is in training mode or fails on the empty picture.
        """
        names = dict(layers) if isinstance(layers, Mapping) else {name: name for name in layers}
        if not names:
            raise OptionError("layers: name at least one submodule")
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise OptionError("mean and std: three numbers each, std above 0")
        self._module = module
        self._submodules = {name: _submodule(module, path) for name, path in names.items()}
        self._mean = torch.tensor(mean).view(1, 3, 1, 1)
        self._std = torch.tensor(std).view(1, 3, 1, 1)
        self._channels = self._probe(probe_size)
        self.layers: tuple[str, ...] = tuple(self._channels)

    def channels(self, layer: str) -> int:
        """Return the number of channels of a layer's features.

        Raises:
            OptionError: The layer is not one of `layers`.
        """
        self._check_known([layer])
        return self._channels[layer]

    def __call__(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the features named in `layers`, computing no deeper than needed.

        Raises:
            OptionError: A layer is unknown or was not reached, the images are not
                (N, 3, H, W), or the network is in training mode.
        """
        wanted = list(dict.fromkeys(layers))
        self._check_known(wanted)
        if images.ndim != 4 or images.shape[1] != 3:
            raise OptionError(f"images {tuple(images.shape)}: expected (N, 3, H, W)")
        found: dict[str, Tensor] = {}

        def collect(name: str, output: Tensor) -> None:
            # copied, because a ReLU that works in place would overwrite it
            last = len(found) + 1 == len(wanted) and name not in found
            found[name] = output if last else output.clone()
            if len(found) == len(wanted):
                raise _Stop

        if wanted:
            self._run(images, wanted, collect)
        missing = [name for name in wanted if name not in found]
        if missing:
            raise OptionError(f"layers {', '.join(missing)} were not reached in this pass")
        return {name: found[name] for name in self.layers if name in found}

    def _probe(self, size: int) -> dict[str, int]:
        parameter = next(self._module.parameters(), torch.zeros(()))
        images = torch.zeros(1, 3, size, size, device=parameter.device, dtype=parameter.dtype)
        runs: Counter[str] = Counter()
        channels: dict[str, int] = {}

        def collect(name: str, output: Tensor) -> None:
            runs[name] += 1
            channels[name] = output.shape[1]

        try:
            with torch.no_grad():
                self._run(images, list(self._submodules), collect)
        except OptionError:
            raise
        except Exception as error:  # the caller's own code may raise anything
            # what follows the features, such as a classifier, may dislike the small picture
            if len(channels) < len(self._submodules):
                raise OptionError(
                    f"the network failed on a {size} x {size} picture ({error}): "
                    f"set probe_size, or check mean and std"
                ) from error
        for name in self._submodules:
            if runs[name] != 1:
                raise OptionError(f"layer {name!r} runs {runs[name]} times in a pass, expected 1")
        return channels

    def _run(self, images: Tensor, wanted: Sequence[str], collect: Any) -> None:
        if any(part.training for part in self._module.modules()):
            raise OptionError("the network is in training mode: call its eval() first")
        mean, std = self._mean.to(images), self._std.to(images)
        # detached, so that a loss on the features leaves the caller's .grad alone
        state = {name: value.detach() for name, value in self._module.named_parameters()}
        with self._hooks(wanted, collect):
            try:
                functional_call(self._module, state, ((images - mean) / std,))
            except _Stop:
                return

    @contextmanager
    def _hooks(self, wanted: Sequence[str], collect: Any) -> Iterator[None]:
        def hook(name: str) -> Any:
            def receive(_module: nn.Module, _input: Any, output: Any) -> None:
                if not isinstance(output, Tensor) or output.ndim != 4:
                    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output)
                    raise OptionError(f"layer {name!r} gives {shape}, expected (N, C, H, W)")
                collect(name, output)

            return receive

        handles = [self._submodules[name].register_forward_hook(hook(name)) for name in wanted]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _check_known(self, layers: Iterable[str]) -> None:
        for name in layers:
            if name not in self._channels:
                raise OptionError(f"unknown layer {name!r}: one of {', '.join(self.layers)}")


def _submodule(module: nn.Module, path: str) -> nn.Module:
    try:
        return module.get_submodule(path)
    except AttributeError:
        known = [name for name, _ in module.named_modules() if name]
        close = difflib.get_close_matches(path, known, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(close)}?" if close else "see module.named_modules()"
        raise OptionError(f"the network has no submodule {path!r}: {hint}") from None
