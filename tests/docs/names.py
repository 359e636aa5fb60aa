"""What a module defines, as pages and docstrings may name it."""

import ast


def names_in(body: list[ast.stmt], before: str = "") -> set[str]:
    """What a module defines, and what its classes do."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(f"{before}{node.name}")
        if isinstance(node, ast.ClassDef):
            found |= names_in(node.body, f"{node.name}.")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {f"{before}{target.id}" for target in targets if isinstance(target, ast.Name)}
    return found
