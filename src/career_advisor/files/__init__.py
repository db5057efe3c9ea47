"""Any text in: files and folders become `Document`s, and what cannot be read becomes a `Failure` with its reason.

    finding      paths -> Found         which files there are, under names that are unique in an index
    reading      Found -> Document      opens a file and has it parsed in a child process with limits
    parsing      bytes -> Document      what runs in there: one parser per format
      encoding     bytes -> text        byte order mark, UTF-8, then detection; binary is refused
      markdown     exact offsets into the file's own text, front matter, a section's comment
      pdf, markup, subtitles   text as a person would copy it out, with pages, headings and times
      composing    sections, blocks and anchors at exact offsets; what the parsers share

For Markdown and plain text the stored text is the file's own; for the other formats it is what was extracted.
"""

from career_advisor.files.finding import FORMATS, Found, Listing, list_files, sha256_of_file
from career_advisor.files.reading import SIZE_LIMIT, read, read_file, read_found

__all__ = [
    "FORMATS",
    "SIZE_LIMIT",
    "Found",
    "Listing",
    "list_files",
    "read",
    "read_file",
    "read_found",
    "sha256_of_file",
]
