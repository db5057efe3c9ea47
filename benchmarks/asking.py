"""What measurements that ask the shipped corpus share: an advisor over it, and its whole replies."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from career_advisor.advisor import Advisor
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.records import Message, Reply
from career_advisor.settings import load_settings


@contextmanager
def opened(description: str) -> Iterator[Advisor]:
    """Read the command line, which may say where the index is kept, and open an advisor without a language model."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--home", type=Path, help="keep the index here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = load_settings(home=given.home or Path(scratch))
        yield open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False)


def replied(advisor: Advisor, question: str, history: Sequence[Message] = ()) -> Reply:
    """Return the whole reply."""
    *_, reply = advisor.reply(question, history)
    assert isinstance(reply, Reply)
    return reply
