"""An advisor whose answers are noted down as they are given, where the operator turned that on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from career_advisor.journal import Journal
from career_advisor.records import Age, Hit, Message, Piece, Queries, Reply, Service, Stage, Understood
from career_advisor.spending import Spent
from career_advisor.web.conversation import Answerer


class Noting:
    """Answers as another advisor does, and has each answer noted down."""

    def __init__(self, answerer: Answerer, journal: Journal) -> None:
        self._answerer = answerer
        self._journal = journal

    @property
    def examples(self) -> Sequence[str]:
        """As the advisor's."""
        return self._answerer.examples

    @property
    def model_name(self) -> str:
        """As the advisor's."""
        return self._answerer.model_name

    @property
    def translates(self) -> bool:
        """As the advisor's."""
        return self._answerer.translates

    @property
    def human_services(self) -> Sequence[Service]:
        """As the advisor's."""
        return self._answerer.human_services

    @property
    def situations(self) -> Sequence[Understood]:
        """As the advisor's."""
        return self._answerer.situations

    @property
    def age(self) -> Age:
        """As the advisor's."""
        return self._answerer.age

    @property
    def explains(self) -> bool:
        """As the advisor's."""
        return self._answerer.explains

    @property
    def pages(self) -> int:
        """As the advisor's."""
        return self._answerer.pages

    def reply(
        self,
        question: str,
        history: Sequence[Message],
        *,
        ignore: Collection[str] = (),
        about: Collection[str] = (),
        spent: Spent | None = None,
        quotes_only: bool = False,
        plain_words: bool = False,
    ) -> Iterator[Stage | Piece | Reply]:
        """Answer, and have what may be kept of it noted down."""
        replying = self._answerer.reply(
            question,
            history,
            ignore=ignore,
            about=about,
            spent=spent,
            quotes_only=quotes_only,
            plain_words=plain_words,
        )
        for item in replying:
            if isinstance(item, Reply):
                self._journal.keep(item)
            yield item

    def search(self, question: str, history: Sequence[Message], *, limit: int) -> tuple[Queries, list[Hit]]:
        """Search as the advisor does."""
        return self._answerer.search(question, history, limit=limit)
