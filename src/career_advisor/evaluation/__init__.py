"""Answers against a test set: what a maintainer runs before a release, and what CI runs on every change.

    cases          a file              -> Case                what is asked and what a good reply has
    running        Case, an advisor    -> a line of results   asked, scored and written as it comes
    metrics        Case, reply         -> scores, passed, why with passages (search), words (texts), judging (a model)
    summing        results             -> summary             intervals, gates and the verdict
    comparing      two runs            -> what got better and worse
    junit, report  results, summary    -> junit.xml, report.html
    exporting      results             -> a file for ragas, promptfoo or inspect_ai

`folder` keeps a run on disk. The advisor is handed in, open: nothing here knows an index, an encoder or a setting.
"""
