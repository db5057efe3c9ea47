"""Three guided conversations, each a few questions and a document to take away.

`questions` has what is asked (guides.toml), `answers` reads what was answered, `quoting` finds quotes and services
(stated.toml), `standing`, `planning` and `briefing` arrange the three documents (`sheet`), `composing` chooses among
them, `exporting` writes and reads the files, and `terminal` asks in a terminal.
"""
