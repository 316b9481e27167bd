"""One field judged alone, as `windlass check` judges it: for whoever edits a document field by field."""

from __future__ import annotations

from typing import Any

from windlass.model.build import Builder
from windlass.model.problems import Problem, Report


def field_problems(field: str, value: Any) -> list[Problem]:
    """The errors of a task's field, or of the graph's `limits`; what concerns several tasks is not looked at.

    The path of each begins with the field.

    >>> [problem.message for problem in field_problems("placement", "spraed")]
    ['not a way to choose agents']
    """
    report = Report()
    builder = Builder(report)
    match field:
        case "limits":
            builder.limits((field,), value)
        case "apart":
            builder.names((field,), value, "task")
        case "foreach":
            builder.foreach((field,), value)
        case "matrix":
            builder.matrix((), {field: value})
        case "inputs":
            builder.paths((field,), value, "the graph's folder")
        case "outputs":
            builder.paths((field,), value, "the work directory")
        case "when":
            builder.when((field,), value)
        case _:
            builder.fields((), {field: value})
    return [draft.problem for draft in report.drafts if draft.problem.severity == "error"]
