"""The index on disk: versions that are complete or absent, and readers that notice a new one.

Layout below a home folder:

    index/CURRENT               the name of the version served, replaced atomically
    index/<version>/            chroma/, words/ (bm25s), documents.json, passages.npy, windows.json, manifest.json
    index/.building-<random>/   a version being made; swept under the writer's lock
    vectors/<encoder>.sqlite    the vector cache: encoder hash and text hash to vector
    vectors/words-<network>.sqlite  what `interaction` made of texts that do not ship, for the same reason

A version is built in a folder of its own, checked in a fresh process, made durable, and only then pointed at. Chroma
loses vectors silently when its files are damaged or two processes write (docs/decisions/0023-index-versions.md), so
every file is hashed, every vector compared and a sample searched for before anybody is answered from it.
"""

from career_advisor.index.build import BuildReport, Known, Plan, build, failed_before, known, plan
from career_advisor.index.cache import Kept, ShippedVectors, VectorCache, export_vectors, load_vectors
from career_advisor.index.read import Reader, open_current, prune, rollback, served_version, status, verify, versions
from career_advisor.index.store import MEND, PROBE, SAME_VECTOR, Manifest, OpenIndex, same_vectors

__all__ = [
    "MEND",
    "PROBE",
    "SAME_VECTOR",
    "BuildReport",
    "Kept",
    "Known",
    "Manifest",
    "OpenIndex",
    "Plan",
    "Reader",
    "ShippedVectors",
    "VectorCache",
    "build",
    "export_vectors",
    "failed_before",
    "known",
    "load_vectors",
    "open_current",
    "plan",
    "prune",
    "rollback",
    "same_vectors",
    "served_version",
    "status",
    "verify",
    "versions",
]
