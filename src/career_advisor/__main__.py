"""`python -m career_advisor` is `career-advisor`."""

from career_advisor.cli import main

if __name__ == "__main__":
    main()
