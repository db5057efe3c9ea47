"""How many questions one client may have under way at once, so that nobody holds every place and all of the line.

A client is a session (an open page, a program) and the address that it comes from. A page has one question under way,
and a second one where the first was stopped just now; a family, or a class, behind one address has several pages. What
is over that is refused at once with a sentence, and takes no place. Gradio's own queue knows what waits and what is
answered, and when somebody hung up, so it is asked and nothing is counted beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

SENTENCE = (
    "Several questions of yours, or from your address, are still being answered. Please wait until one of them is over."
)


def share(queue: Any, line: str, *, of_session: int, of_address: int) -> None:
    """Have Gradio's queue refuse a question whose client has enough of them under way.

    Args:
        queue: Of a `gr.Blocks`.
        line: The `concurrency_id` of questions; other events, such as forgetting a conversation, are let through.
        of_session: Questions of one session, waiting and being answered.
        of_address: Questions of one address.
    """
    from fastapi import HTTPException

    push = queue.push
    one_by_one = asyncio.Lock()  # between counting and joining the line nobody else may join

    async def pushed(body: Any, request: Any, username: str | None) -> Any:
        asked = queue.blocks.fns.get(body.fn_index)
        if asked is None or asked.concurrency_id != line:
            return await push(body=body, request=request, username=username)
        async with one_by_one:
            held = [each for each in _under_way(queue) if each.concurrency_id == line]
            here = sum(_address(each.request) == _address(request) for each in held)
            if here >= of_address or sum(each.session_hash == body.session_hash for each in held) >= of_session:
                raise HTTPException(429, SENTENCE)
            return await push(body=body, request=request, username=username)

    queue.push = pushed


def _under_way(queue: Any) -> Iterator[Any]:
    for waiting in queue.event_queue_per_concurrency_id.values():
        yield from waiting.queue
    for answered in queue.active_jobs:
        yield from answered or ()


def _address(request: Any) -> str:
    return request.client.host if request.client else ""
