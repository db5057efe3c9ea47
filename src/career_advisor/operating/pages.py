"""The routes of the operator's page: plain forms and pages made on the server, each text in them escaped."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from career_advisor import neutral, opening
from career_advisor.evaluation import folder, report
from career_advisor.operating import guarding, showing
from career_advisor.operating.building import Builder
from career_advisor.records import AdvisorError
from career_advisor.settings import Settings
from career_advisor.web import guard

if TYPE_CHECKING:
    import jinja2
    from starlette.requests import Request
    from starlette.responses import Response

PATHS_AT_MOST = 200
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'"
)
"""The report's own policy, inside the file, allows its one script and style by hash; this takes away the page's
sessions and every address, whatever is in the file."""


def build_app(settings: Settings, door: guarding.Door) -> guard.App:
    """Return the whole app.

    Args:
        settings: Of the index, the runs and the journal that it shows.
        door: Lets people in.
    """
    from starlette.applications import Starlette
    from starlette.routing import Route

    pages = _Pages(settings, door)
    routes = [
        Route("/", pages.index),
        Route("/login", pages.login, methods=["GET", "POST"]),
        Route("/logout", pages.logout, methods=["POST"]),
        Route("/build", pages.build, methods=["POST"]),
        Route("/build.json", pages.progress),
        Route("/rollback", pages.rollback, methods=["POST"]),
        Route("/runs", pages.runs),
        Route("/runs/{name}", pages.run),
        Route("/runs/{name}/report", pages.report),
        Route("/runs/{name}/{place:int}", pages.case),
        Route("/compare", pages.compare),
        Route("/questions", pages.questions),
        Route("/operator.css", pages.file),
        Route("/operator.js", pages.file),
    ]
    return guarding.Guard(Starlette(routes=routes), door=door)


class _Pages:
    """What each route does."""

    def __init__(self, settings: Settings, door: guarding.Door) -> None:
        self._settings = settings
        self._door = door
        self._builder = Builder(functools.partial(opening.build_index, settings))
        self._templates = _templates()

    # Starlette runs what is not async in a thread of its own, so a slow look at the disk holds up nobody.

    def index(self, request: Request) -> Response:
        return self._page(request, "index.html", **showing.index_page(self._settings), build=self._builder.seen())

    def progress(self, _: Request) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse(self._builder.seen())

    async def login(self, request: Request) -> Response:
        from starlette.responses import RedirectResponse

        if request.method == "GET":
            return self._page(request, "login.html")
        if not self._door.may_try():
            return self._login_again(request, f"Too many tries. Please wait {guarding.TRY_EVERY_S:.0f} seconds.", 429)
        token = self._door.enter((await _form(request)).get("password", ""))
        if token is None:
            return self._login_again(request, "That is not the password.", 403)
        response = RedirectResponse("/", 303)
        response.set_cookie(guarding.COOKIE, token, httponly=True, samesite="strict", max_age=guarding.SESSION_S)
        return response

    def _login_again(self, request: Request, trouble: str, code: int) -> Response:
        return self._page(request, "login.html", code=code, told=(trouble, True))

    async def logout(self, request: Request) -> Response:
        from starlette.responses import RedirectResponse

        self._door.leave(request.state.token)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(guarding.COOKIE)
        return response

    async def build(self, request: Request) -> Response:
        form = await _form(request)
        lines = [line.strip() for line in form.get("paths", "").splitlines() if line.strip()][:PATHS_AT_MOST]
        paths = [Path(line).expanduser() for line in lines] or None
        return self._done(request, lambda: self._builder.start(paths, add="add" in form))

    def rollback(self, request: Request) -> Response:
        return self._done(request, lambda: f"Version {opening.rollback_index(self._settings)} is served now.")

    def _done(self, request: Request, do: Callable[[], str | None]) -> Response:
        """Do something that may go wrong, and go back to the index, which tells what came of it."""
        from starlette.responses import RedirectResponse

        try:
            request.state.session.say(do() or "")
        except AdvisorError as fault:
            request.state.session.say(f"{fault}", trouble=True)
        return RedirectResponse("/", 303)

    def runs(self, request: Request) -> Response:
        return self._page(request, "runs.html", runs=showing.runs(self._settings))

    def run(self, request: Request) -> Response:
        show = "all" if request.query_params.get("show") == "all" else "failed"
        return self._found(request, "run.html", lambda: showing.run_page(self._settings, _name(request), show=show))

    def case(self, request: Request) -> Response:
        place = int(request.path_params["place"])
        return self._found(request, "case.html", lambda: showing.case_page(self._settings, _name(request), place))

    def compare(self, request: Request) -> Response:
        a, b = (request.query_params.get(name, "") for name in ("a", "b"))
        return self._found(request, "compare.html", lambda: showing.comparison(self._settings, a, b))

    def questions(self, request: Request) -> Response:
        return self._page(request, "questions.html", **showing.questions_page(self._settings))

    def report(self, request: Request) -> Response:
        from starlette.responses import HTMLResponse

        try:
            path = showing.run_folder(self._settings, _name(request)) / folder.REPORT
            text = path.read_bytes()
        except (AdvisorError, OSError):
            return self._missing(request, "This run has no report.")
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    def file(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.url.path.removeprefix("/")
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        data = (resources.files("career_advisor.operating") / name).read_bytes()
        return Response(data, media_type=f"{kind}; charset=utf-8")

    def _found(self, request: Request, template: str, look: Callable[[], dict[str, Any]]) -> Response:
        try:
            return self._page(request, template, **look())
        except AdvisorError as fault:
            return self._missing(request, str(fault))

    def _missing(self, request: Request, trouble: str) -> Response:
        return self._page(request, "missing.html", code=404, told=(trouble, True))

    def _page(
        self, request: Request, template: str, *, code: int = 200, told: tuple[str, bool] | None = None, **facts: Any
    ) -> Response:
        from starlette.responses import HTMLResponse

        session = request.state.session
        said, trouble = told or (session.heard() if session else ("", False))
        html = self._templates.get_template(template).render(
            said=said, is_trouble=trouble, logged_in=session is not None, here=request.url.path, **facts
        )
        return HTMLResponse(html, code)


def _name(request: Request) -> str:
    return str(request.path_params["name"])


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; the guard has looked at its length."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("career_advisor.operating"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": report.day,
        "percent": report.percent,
        "figure": report.figure,
        "label": report.label,
        "part": lambda text: quote(str(text), safe=""),
        "link": neutral.safe_url,
    }
    return environment


def _seen(value: object) -> object:
    """Return a text as a reader is meant to see it: file names, answers and questions are other people's words."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return neutral.plain(value)
    return "" if value is None else value
