"""What an executed notebook was told."""

import ast

from analysis.report.contents import Contents

PARAMETER_TAGS = frozenset({"parameters", "injected-parameters"})


def given_parameter(contents: Contents, notebook: str, name: str) -> object:
    """Value of a parameter of an executed notebook; the last cell that sets it counts.

    Raises
    ------
    KeyError
        If no cell of parameters sets it.
    """
    found: dict[str, object] = {}
    for cell in contents.executed(notebook).cells:
        if PARAMETER_TAGS & set(cell.metadata.get("tags", [])):
            for statement in ast.parse(cell.source).body:
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    found[statement.targets[0].id] = ast.literal_eval(statement.value)
    return found[name]
