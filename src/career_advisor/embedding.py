"""Text as unit vectors: the one door to sentence-transformers and torch.

Everything is loaded from a folder of verified files; no hub is asked, and no code that comes with weights is run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from career_advisor.records import EncoderIdentity, WeightsMissing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BATCH = 16  # texts. Measured for mpnet and windows of 24 to 192 words: 16 takes 0.85 of the time of 32, 0.55 of 64

# Read by the libraries when they are imported. Overruled, not suggested: an encoder has no business on the network.
_SILENCE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",  # our batches are small, and a fork after its threads started would hang
}

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many texts are encoded, and how many there are."""


class Encoder:
    """Sentences in, unit vectors out. May be used from several threads.

    Constructing reads nothing. The model is loaded by `load`, or by the first `encode`; that takes seconds, most of
    them for importing torch.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity, *, threads: int | None = None) -> None:
        """Remember where the weights are.

        Args:
            folder: Files that were verified against the catalogue.
            identity: What the catalogue calls them; `encode` gives vectors of its dimension.
            threads: Threads of torch, for this process as a whole; by default one for each physical core.
        """
        self._folder = folder
        self._identity = identity
        self._threads = threads
        self._model: Any = None
        self._lock = threading.Lock()

    @property
    def identity(self) -> EncoderIdentity:
        """Which weights make the vectors."""
        return self._identity

    def load(self) -> None:
        """Load the model now, rather than at the first `encode`.

        Raises:
            WeightsMissing: If the folder is not there, or does not hold an encoder of the stated dimension.
        """
        with self._lock:
            self._loaded()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> npt.NDArray[np.float32]:
        """Return an array of shape (len(texts), dimension) whose rows have length 1, in the order of the texts.

        Texts beyond the model's longest input (384 word pieces for mpnet, 256 for MiniLM) count with their beginning
        only. The same texts give the same vectors; a text among others may differ a little from itself alone, since
        the length of a batch changes the order in which floats are added: their cosine stays above .9999.

        Args:
            texts: May be empty, and so may each of them.
            progress: Called after every batch.

        Raises:
            WeightsMissing: If the model cannot be loaded.
        """
        import numpy as np

        vectors = np.empty((len(texts), self._identity.dimension), dtype=np.float32)
        done = 0
        for batch in _batches(texts):
            # The lock is for one batch, so that a question need not wait for an index to be built. It is needed at
            # all because the tokenizer keeps its padding as state, and fails where two threads set it at once.
            with self._lock:
                vectors[batch] = self._forward([_encodable(texts[position]) for position in batch])
            done += len(batch)
            if progress is not None:
                progress(done, len(texts))
        return vectors

    def _forward(self, texts: list[str]) -> Any:
        """Run the model's own steps (words, transformer, mean, length 1) without the bookkeeping of its `encode`.

        The vectors are the same; a single question is 2 ms faster.
        """
        model = self._loaded()
        import torch

        with torch.inference_mode():
            return model(model.preprocess(texts))["sentence_embedding"].numpy()

    def _loaded(self) -> Any:
        """Return the model, loading it if need be. The lock is held by the caller."""
        if self._model is None:
            if not (self._folder / "modules.json").is_file():
                mend = f"career-advisor models fetch {self._identity.name}"
                raise WeightsMissing(f"{self._folder} holds no encoder; fetch it with `{mend}`")
            self._model = _open(self._folder, self._identity, self._threads)
        return self._model


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Yield positions, the longest text first; what is less than half as long as a batch's longest begins another.

    All texts of a batch are filled up to its longest: a life story and three short questions take 1.9 times as long
    together as apart.
    """
    batch: list[int] = []
    for position in sorted(range(len(texts)), key=lambda position: -len(texts[position])):
        if batch and (len(batch) == BATCH or 2 * len(texts[position]) < len(texts[batch[0]])):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _open(folder: Path, identity: EncoderIdentity, threads: int | None) -> Any:
    os.environ.update(_SILENCE)
    import torch
    from sentence_transformers import SentenceTransformer
    from threadpoolctl import threadpool_limits
    from transformers.utils import logging

    logging.disable_progress_bar()
    # numpy's own threads wait busily behind every product, on the cores that torch needs for the next text: on two
    # cores a reply took 1.4 times as long (benchmarks/results/latency.json). Small products need one thread only.
    threadpool_limits(1, user_api="blas")
    if threads or "OMP_NUM_THREADS" not in os.environ:  # torch has read that by itself
        torch.set_num_threads(threads or physical_cores())
    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    ).eval()
    halve(model)
    dimension = model.get_embedding_dimension()
    if dimension != identity.dimension:
        raise WeightsMissing(
            f"{folder} gives vectors of {dimension} numbers, {identity.name} has {identity.dimension}; "
            f"fetch it anew with `career-advisor models fetch {identity.name}`"
        )
    return model


def halve(model: Any) -> None:
    """Let the linear layers of a model multiply in bfloat16, where the processor does that itself.

    A single question takes as long as the weights need to come from memory, and so they are half as many bytes. What is
    between the layers stays in float32: the vectors' cosine to those of float32 is above .9999
    (benchmarks/results/latency.json), far nearer than what tells one passage from the next.
    """
    import torch

    if not multiplies_halves():
        return

    class Halved(torch.nn.Module):
        def __init__(self, linear: torch.nn.Linear) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(linear.weight.to(torch.bfloat16), requires_grad=False)
            self.bias = torch.nn.Parameter(linear.bias.to(torch.bfloat16), requires_grad=False)

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.linear(given.to(torch.bfloat16), self.weight, self.bias).float()

    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(module, name, Halved(child))


def multiplies_halves() -> bool:
    """Tell whether the processor has instructions of its own for bfloat16; elsewhere it is slower than float32."""
    import torch

    known: Mapping[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def _encodable(text: str) -> str:
    """Replace lone surrogates, which a browser can send and no tokenizer can read."""
    return text.encode("utf-8", "replace").decode("utf-8")


def physical_cores() -> int:
    """Return how many physical cores this process may run on.

    Two threads on the two halves of one core make a forward pass slower, not faster. Where the system does not tell
    (anything but Linux), the number of logical ones.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    siblings = {_siblings(core) for core in allowed}
    return len(siblings) or 1


def _siblings(core: int) -> str:
    topology = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        return topology.read_text(encoding="ascii").strip()
    except OSError:  # not told: count it by itself
        return str(core)


class Pieces:
    """An encoder whose layers were trained further: what each word piece of a text becomes, not one vector for all.

    Word embeddings and vocabulary are those of the released weights. Constructing reads nothing; the first `encode`
    loads. May be used from several threads.
    """

    def __init__(self, folder: Path, layers: Callable[[], Mapping[str, npt.NDArray[np.float32]]]) -> None:
        """Remember where the weights are.

        Args:
            folder: Files of the released encoder, which were verified against the catalogue.
            layers: Gives the arrays that take the place of the released ones, by their names there.
        """
        self._folder = folder
        self._layers = layers
        self._loaded: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def encode(
        self, texts: Sequence[str | tuple[str, str]], limit: int
    ) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        """Return for each text, or pair of texts, its pieces, shape (pieces, hidden), and their mean, shape (hidden,).

        Args:
            texts: In any order.
            limit: Word pieces at most, the marks at both ends among them; what is longer is cut there.

        Raises:
            WeightsMissing: If the folder holds no such encoder.
        """
        import torch

        model, tokenizer = self._model()
        cut = [
            each.ids[:limit]
            for each in tokenizer.encode_batch(
                [_encodable(each) if isinstance(each, str) else tuple(map(_encodable, each)) for each in texts]
            )
        ]
        found: list[Any] = [None] * len(cut)
        order = sorted(range(len(cut)), key=lambda position: -len(cut[position]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids = torch.zeros(len(batch), len(cut[batch[0]]), dtype=torch.long)
            for row, position in enumerate(batch):
                ids[row, : len(cut[position])] = torch.tensor(cut[position])
            with torch.inference_mode():
                states = model(input_ids=ids, attention_mask=(ids != 0).long()).last_hidden_state.numpy()
            for row, position in enumerate(batch):
                pieces = states[row, : len(cut[position])]
                found[position] = pieces, pieces.mean(axis=0)
        return found

    def products(self, matrix: npt.NDArray[np.float32]) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
        """Return what multiplies small matrices with a large one, in bfloat16 where the processor does that itself.

        A cosine is then off by .002 at most, as much as the eight bits that pieces are kept in leave open.
        """
        import torch

        if not multiplies_halves():
            return lambda small: small @ matrix
        halved = torch.from_numpy(matrix).to(torch.bfloat16)
        return lambda small: (torch.from_numpy(small).to(torch.bfloat16) @ halved).float().numpy()

    def _model(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _open_pieces(self._folder, self._layers())
            return self._loaded


def _open_pieces(folder: Path, layers: Mapping[str, npt.NDArray[np.float32]]) -> tuple[Any, Any]:
    os.environ.update(_SILENCE)
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import AutoConfig, AutoModel

    if not (folder / "config.json").is_file():
        raise WeightsMissing(f"{folder} holds no encoder; fetch it with `career-advisor models fetch {folder.name}`")
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_config(config, add_pooling_layer=False)
    state = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    state |= {name: torch.from_numpy(array) for name, array in layers.items()}
    # Of the released file all that the model has, and nothing of it missing: what is not loaded would be random.
    model.load_state_dict({name: state[name] for name in model.state_dict()}, assign=True)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    halve(model)
    return model.eval(), tokenizer
