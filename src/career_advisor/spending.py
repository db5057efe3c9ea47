"""What language models use: how many tokens a text is about, and what a conversation may use of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from career_advisor.records import Usage

BYTES_PER_TOKEN = 4
"""OpenAI's rule of thumb for English; other scripts have more bytes to a character and more tokens, too."""
MILLION = 1_000_000


def tokens(text: str) -> int:
    """Return about how many tokens a text is, where nobody says: an estimate, and to be called one.

    >>> tokens(""), tokens("Yes."), tokens("Do I need a PhD?")
    (0, 1, 4)
    """
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one conversation may use. Without limits and prices nothing is held back and nothing has a cost."""

    tokens: int | None = None
    cost: float | None = None
    """In the currency of the prices."""
    input_price: float | None = None
    """Of a million tokens that a model is asked with."""
    output_price: float | None = None
    """Of a million tokens that it writes."""

    def cost_of(self, used: Usage) -> float | None:
        """Return what it costs, in the currency of the prices; None where there is no price."""
        if self.input_price is None and self.output_price is None:
            return None
        return (used.input * (self.input_price or 0.0) + used.output * (self.output_price or 0.0)) / MILLION

    def is_used_up(self, used: Usage) -> bool:
        """Tell whether a conversation that has used so much has used all that it may."""
        cost = self.cost_of(used)
        over = self.cost is not None and cost is not None and cost >= self.cost
        return over or (self.tokens is not None and used.total >= self.tokens)


@dataclass(slots=True)
class Spent:
    """What one conversation has used so far; whoever holds the conversation holds it."""

    used: Usage = field(default_factory=Usage)

    def add(self, used: Usage) -> None:
        """Count what one more answer used."""
        self.used = self.used.plus(used)
