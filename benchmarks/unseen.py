"""What `interaction` says of messages that it was shown, by a model that was not: `benchmarks/interaction.py --out`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from career_advisor.advisor import Advisor
from career_advisor.choosing import digest
from career_advisor.interaction import UNKNOWN, Answering, Compares, compared
from career_advisor.records import Shelf

FILE = "unseen.npz"


class Unseen:
    """The sentences of an index, compared with messages that were learnt from by models that have not seen them."""

    def __init__(self, shelf: Shelf, live: Compares, folder: Path) -> None:
        """Read what was kept."""
        self._live = live
        self._windows = len(shelf.windows)
        with np.load(folder / FILE) as arrays:
            self._message = {str(each): i for i, each in enumerate(arrays["messages"])}
            place = {str(each): i for i, each in enumerate(arrays["sentences"])}
            self._log_odds = arrays["log_odds"]
        known = [
            (row, place[key])
            for row, (_, text) in compared(shelf.windows, shelf.documents)
            if (key := digest(text)) in place
        ]
        self._rows, self._places = np.array(known, np.intp).T

    def asked(self, message: str, shares: npt.NDArray[np.float32] | None = None) -> Answering:
        """Compare a message; what was learnt of it by heart is left out of one that was learnt from."""
        if message not in self._message:
            return self._live.asked(message, shares)
        odds = np.full(self._windows, UNKNOWN, np.float32)
        odds[self._rows] = self._log_odds[self._message[message]][self._places]
        return Answering(odds)


def see_unseen(advisor: Advisor, folder: Path) -> None:
    """Let an advisor compare what was learnt from as if it were new to it."""
    live: Callable[[Shelf], Compares] | None = advisor._compares
    assert live is not None, "an open advisor compares"
    advisor._sentences.clear()  # of the warming up
    advisor._compares = lambda shelf: Unseen(shelf, live(shelf), folder)
