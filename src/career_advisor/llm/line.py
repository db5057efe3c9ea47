"""Whose turn it is: a model answers so many at a time, and the others wait in the order in which they came."""

from __future__ import annotations

import threading

from career_advisor.records import ModelUnavailable

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class Line:
    """Places before a language model, first come, first served. For any number of threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Make a line in which nobody stands.

        Args:
            at_once: How many are answered side by side.
            waiting: How many may wait; the next is sent away.
        """
        self._at_once = at_once
        self._most = at_once + waiting
        self._places: list[object] = []
        self._moved = threading.Condition()

    def join(self) -> object:
        """Take a place at the end; it must be left again.

        Raises:
            ModelUnavailable: If too many wait already.
        """
        place = object()
        with self._moved:
            if len(self._places) >= self._most:
                raise ModelUnavailable("Too many people are waiting for the language model just now.")
            self._places.append(place)
        return place

    def before(self, place: object, *, wait: float = 0.0) -> int:
        """Return how many must be answered before this place has its turn; 0 when it has.

        Args:
            place: From `join`.
            wait: Seconds to wait for the line to move, while it is not this one's turn.
        """
        with self._moved:
            if self._before(place) and wait:
                self._moved.wait(wait)
            return self._before(place)

    def leave(self, place: object) -> None:
        """Give the place back, answered or not."""
        with self._moved:
            self._places.remove(place)
            self._moved.notify_all()

    def _before(self, place: object) -> int:
        return max(0, self._places.index(place) - self._at_once + 1)


def in_words(people: int) -> str:
    """Say how many come first.

    >>> in_words(1), in_words(2), in_words(30)
    ('One person is before you', 'Two people are before you', '30 people are before you')
    """
    number = _WORDS[people].capitalize() if people < len(_WORDS) else str(people)
    return f"{number} person is before you" if people == 1 else f"{number} people are before you"
