"""The shipped guidance as an open advisor finds it, which is read once, and others that answer from the same index."""

from __future__ import annotations

from typing import Any

from career_advisor.advisor import Advisor
from career_advisor.models import LIGHT_ENCODER
from career_advisor.opening import load_services, open_advisor
from career_advisor.settings import Settings

WORKED_OUT = (
    *("_grounds", "_spellers", "_glossaries", "_choosers", "_sentences", "_matchers"),
    *("_need_examples", "_situation_vectors", "_found_for_situations"),
)
"""What an advisor works out of its index once, whoever writes the answers."""


def opened(home: Any) -> Advisor:
    """Open an advisor with the light encoder over what a home holds; the shipped guidance, where it holds nothing."""
    settings = Settings(home=home, encoder=LIGHT_ENCODER)
    return open_advisor(settings, progress=lambda what, done, total: None)


def written_by(model: Any, advisor: Advisor, **others: Any) -> Advisor:
    """Return an advisor whose answers a language model writes, over the index of another one."""
    given: dict[str, Any] = {
        "examples": advisor._examples,
        "compares": advisor._compares,
        "listens": advisor._listens,
        **others,
    }
    writing = Advisor(advisor._shelves, advisor._encoder, load_services(), model, **given)
    for name in WORKED_OUT:
        setattr(writing, name, getattr(advisor, name))
    return writing
