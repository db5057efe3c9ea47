"""The page: a Gradio chat that shows replies, what they stand on, and who else can help.

`conversation` has the events, `showing` turns a reply into what the page may show, `voting` reads what is said of one,
`guiding` (with `guiding.js` and `guiding.css`) has the guided conversations, `sayings` knows our own fixed sentences in
an answer again, `wording` reads `words/`, one file a language with everything that the page says, `endpoints` is what
programs may ask, `guard` stands between the world and Gradio, `places` says how many questions one client may have
under way, `page.html`, `page.css` and `page.js` are the page itself, and `feedback.html` is what it has beside them
where feedback is on.
"""

from career_advisor.web.conversation import Answerer
from career_advisor.web.endpoints import Note, unnoted
from career_advisor.web.serving import build_app, serve

__all__ = ["Answerer", "Note", "build_app", "serve", "unnoted"]
