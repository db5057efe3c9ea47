"""What the scripts share that train the light encoder's layers further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModel

from career_advisor.rounding import rounded


def released(folder: Path) -> tuple[Any, int]:
    """Return an encoder as it was released, whose word embeddings are not learnt anew, and how wide it is."""
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_config(config, add_pooling_layer=False)
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({name: weights[name] for name in model.state_dict()})
    model.embeddings.requires_grad_(requires_grad=False)
    return model, config.hidden_size


def layers_of(model: nn.Module) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that keep an encoder's layers, as `rounding.layers_in` reads them."""
    layers = {name: tensor.float().cpu().numpy() for name, tensor in model.state_dict().items()}
    return rounded({name: np.asarray(each) for name, each in layers.items() if not name.startswith("embeddings.")})
