"""The page, for those who start a file: `python app.py` is `career-advisor serve`."""

import sys

from career_advisor.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "serve")
    main()
