"""What to type for a library that is not installed: this project's own extras by the libraries they stand for."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

PACKAGE = "career-advisor"
_EXTRA = re.compile(r"""\bextra\s*==\s*['"](?P<extra>[^'"]+)['"]""")


def install_line(extra: str) -> str:
    """Return the command that installs what an extra of this package needs.

    It names the libraries themselves: the package is installed from a folder, so its own name would bring nothing, or
    something of somebody else's.

    >>> install_line("openai")
    "pip install 'langchain-openai<2,>=1.7'"
    """
    try:
        stated = requires(PACKAGE) or []
    except PackageNotFoundError:
        stated = []
    wanted = [
        requirement.partition(";")[0].strip()
        for requirement in stated
        if (match := _EXTRA.search(requirement)) and match["extra"] == extra
    ]
    named = " ".join(f"'{each}'" for each in wanted) or f"'.[{extra}]' in the folder that {PACKAGE} was installed from"
    return f"pip install {named}"
