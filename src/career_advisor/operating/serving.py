"""Serving the operator's page on this machine, and nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from career_advisor.operating.guarding import LOOPBACK, Door
from career_advisor.operating.pages import build_app
from career_advisor.records import WrongUse
from career_advisor.settings import Settings
from career_advisor.web.serving import address_of, listen, run

HOST = "127.0.0.1"


def serve(settings: Settings, *, host: str | None, on_ready: Callable[[str, str | None], None]) -> None:
    """Serve the page until the process is told to stop.

    Args:
        settings: Of the home that it is about; its `operator_port` and `operator_password`.
        host: Address to listen on; None: the usual one of this machine. That of the public page is not meant.
        on_ready: Told the address when it can be opened, and the password where one was made for this start.

    Raises:
        WrongUse: If the address can be reached from elsewhere.
        AdvisorError: If the port cannot be had.
    """
    refuse_elsewhere(host or HOST)
    given = settings.operator_password.get_secret_value() if settings.operator_password else None
    password = given or secrets.token_urlsafe(12)
    listening = listen(host or HOST, settings.operator_port, how="ADVISOR_OPERATOR_PORT or `--port`")

    def started() -> None:
        on_ready(address_of(host or HOST, listening.getsockname()[1]), None if given else password)

    run(build_app(settings, Door(password)), listening, started)


def refuse_elsewhere(host: str) -> None:
    """See that an address is one of this machine alone.

    Raises:
        WrongUse: If it is not.
    """
    if host not in LOOPBACK:
        raise WrongUse(
            f"the operator's page is served on this machine alone, and {host} can be reached from elsewhere; "
            "leave --host out, and come in from another machine with `ssh -L 7861:127.0.0.1:7861`"
        )
