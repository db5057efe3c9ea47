"""Vectors: of length 1, in order, the same every time, and from verified files only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from career_advisor import embedding, models
from career_advisor.embedding import Encoder
from career_advisor.records import EncoderIdentity, WeightsMissing

TEXTS = [
    "Do I need a PhD to work on AI safety?",
    "Is a doctorate required for alignment research?",
    "The recipe calls for two eggs and a cup of flour.",
    "",
    "A long one. " * 300,
]


SAME = 0.9999
"""Cosine of one text's vectors in two batches: lower would be another text, or other weights."""


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    entry, folder = models.choose_encoder(models.LIGHT_ENCODER, tmp_path_factory.mktemp("weights"))
    return Encoder(folder, entry.identity, threads=1)


def test_constructing_reads_nothing() -> None:
    encoder = Encoder(Path("/nowhere"), EncoderIdentity("none", "0" * 64, 3))

    assert encoder.identity.dimension == 3


def test_importing_the_module_imports_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, career_advisor.embedding; sys.exit(bool({'torch', 'numpy', 'transformers'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rows_are_unit_vectors_of_the_stated_shape(light: Encoder) -> None:
    vectors = light.encode(TEXTS)

    assert vectors.shape == (len(TEXTS), light.identity.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts_give_an_empty_array_of_the_right_width(light: Encoder) -> None:
    assert light.encode([]).shape == (0, 384)


def test_near_in_meaning_is_near_in_angle(light: Encoder) -> None:
    phd, doctorate, recipe = light.encode(TEXTS[:3])

    assert phd @ doctorate > phd @ recipe + 0.3


def test_vectors_come_in_the_order_of_the_texts_although_batches_are_sorted_by_length(light: Encoder) -> None:
    texts = [f"Text number {number} " + "with words " * (number * 7 % 40) for number in range(2 * embedding.BATCH + 3)]

    together = light.encode(texts)

    for position in (0, 1, embedding.BATCH, len(texts) - 1):
        assert together[position] @ light.encode([texts[position]])[0] > SAME


def test_the_same_texts_give_the_same_vectors_to_the_last_bit(light: Encoder) -> None:
    np.testing.assert_array_equal(light.encode(TEXTS), light.encode(TEXTS))


def test_the_vectors_are_those_of_sentence_transformers_own_encode(light: Encoder) -> None:
    light.load()
    own = light._model.encode(TEXTS[:1], normalize_embeddings=True)

    np.testing.assert_allclose(light.encode(TEXTS[:1]), own, atol=1e-7)  # its own are brought to length 1 once more


def test_halved_weights_give_the_vectors_of_the_released_ones(
    light: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedding, "multiplies_halves", lambda: True)  # whatever processor this is
    entry, folder = models.choose_encoder(models.LIGHT_ENCODER, tmp_path)
    halved = Encoder(folder, entry.identity, threads=1).encode(TEXTS)
    monkeypatch.setattr(embedding, "multiplies_halves", lambda: False)
    released = Encoder(folder, entry.identity, threads=1).encode(TEXTS)

    assert (halved * released).sum(axis=1).min() > SAME
    assert (halved != released).any()


def test_a_processor_that_is_not_known_to_multiply_halves_is_not_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not embedding.multiplies_halves()
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # a torch of before
    assert not embedding.multiplies_halves()


def test_products_with_a_large_matrix_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0).standard_normal((150, 128)).astype(np.float32)
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    pieces = embedding.Pieces(Path("/nowhere"), dict)
    for halves in (True, False):
        monkeypatch.setattr(embedding, "multiplies_halves", lambda answer=halves: answer)
        np.testing.assert_allclose(
            pieces.products(numbers[10:].T.copy())(numbers[:10]), numbers[:10] @ numbers[10:].T, atol=0.004
        )


def test_a_text_beyond_the_longest_input_counts_with_its_beginning(light: Encoder) -> None:
    beginning = "word " * 300

    assert light.encode([beginning])[0] @ light.encode([beginning + "other " * 300])[0] > SAME


@pytest.mark.parametrize("text", ["\ud800 lone", "\x00", "\u202e reversed", "😀" * 50, " \n\t "])
def test_what_a_browser_may_send_is_encoded_and_does_not_fail(light: Encoder, text: str) -> None:
    assert np.isfinite(light.encode([text])).all()


def test_progress_counts_up_to_the_number_of_texts(light: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    texts = ["short"] * (embedding.BATCH + 1)

    light.encode(texts, lambda done, total: seen.append((done, total)))

    assert seen == [(embedding.BATCH, len(texts)), (len(texts), len(texts))]


def test_threads_that_encode_at_once_get_what_each_would_get_alone(light: Encoder) -> None:
    questions = [f"{'very ' * number}short question {number}?" for number in range(8)]
    alone = [light.encode([question]) for question in questions]
    got: dict[int, bool] = {}

    def ask(number: int) -> None:
        got[number] = all(np.array_equal(light.encode([questions[number]]), alone[number]) for _ in range(10))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert got == dict.fromkeys(range(len(questions)), True)


def test_a_folder_without_an_encoder_is_named_with_the_mending_command(tmp_path: Path) -> None:
    encoder = Encoder(tmp_path, EncoderIdentity("all-MiniLM-L6-v2", "0" * 64, 384))

    with pytest.raises(WeightsMissing, match="models fetch all-MiniLM-L6-v2"):
        encoder.encode(["x"])


def test_an_encoder_of_another_dimension_is_refused(tmp_path: Path) -> None:
    _, folder = models.choose_encoder(models.LIGHT_ENCODER, tmp_path)

    with pytest.raises(WeightsMissing, match="384 numbers, all-mpnet-base-v2 has 768"):
        Encoder(folder, models.catalogue()["all-mpnet-base-v2"].identity, threads=2).load()


def test_the_listed_files_are_all_it_takes_to_load(tmp_path: Path) -> None:
    entry, folder = models.choose_encoder(models.LIGHT_ENCODER, tmp_path)
    for file in entry.files:
        (tmp_path / "copy" / file.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file.path, tmp_path / "copy" / file.path)

    assert Encoder(tmp_path / "copy", entry.identity, threads=2).encode(["x"]).shape == (1, 384)


def test_loading_tells_the_libraries_to_stay_off_the_network(light: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")

    Encoder(light._folder, light.identity, threads=2).load()

    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_physical_cores_are_counted_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(embedding, "_siblings", lambda core: f"{core % 2},{core % 2 + 2}")

    assert embedding.physical_cores() == 2
