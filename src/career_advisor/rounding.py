"""Rounding: what was trained, in eight bits, as it ships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]


def rounded(layers: Mapping[str, Vectors]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that keep layers: matrices in eight bits with a scale for each row, the rest in sixteen."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, array in layers.items():
        if array.ndim == 1:
            arrays[f"layer {name}"] = array.astype(np.float16)
            continue
        scale = (np.abs(array).max(axis=1) / 127.0).astype(np.float16)
        arrays[f"scale {name}"] = scale
        whole = np.round(array / scale.astype(np.float32)[:, None])
        arrays[f"rounded {name}"] = np.clip(whole, -127, 127).astype(np.int8)
    return arrays


def layers_in(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Vectors]:
    """Return the layers among arrays that `rounded` gave."""
    layers: dict[str, Vectors] = {}
    for name in arrays:
        kind, _, of = name.partition(" ")
        if kind == "rounded":
            layers[of] = arrays[name].astype(np.float32) * arrays[f"scale {of}"].astype(np.float32)[:, None]
        elif kind == "layer":
            layers[of] = arrays[name].astype(np.float32)
    return layers
