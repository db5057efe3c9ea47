"""The one door to language models: LangChain's chat models, and the embedded one.

`opening` chooses the model, `door` reads it within its time limits, `line` says whose turn it is, `remote` speaks to
LangChain, `embedded` to the process of `worker`, and `troubles` turns what goes wrong into a sentence for a person.
Whatever that is, it comes out as ModelUnavailable; keys never do.
"""

from career_advisor.llm.door import ChatModel, Patience, Turn
from career_advisor.llm.opening import names_provider, open_model

__all__ = ["ChatModel", "Patience", "Turn", "names_provider", "open_model"]
