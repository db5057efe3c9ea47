"""The operator's page: an app, a process and a port of its own, on this machine alone, behind a password.

It has nothing of the public page and the public page has nothing of it: an event that is only hidden can be called by
anybody. `guarding` is the door, `building` a build that can be watched, `showing` gathers what the pages show, `pages`
has the routes, and `templates`, `operator.css` and `operator.js` are what a browser gets: plain pages that also work
without the script.
"""

from career_advisor.operating.pages import build_app
from career_advisor.operating.serving import serve

__all__ = ["build_app", "serve"]
