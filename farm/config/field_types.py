"""What a settings dataclass expects in a field, read from its source text.

A wrong value on a command line must be refused before torch is imported, and most settings stand in modules that
import it. So annotations are read with `ast`. What they say of plain values (numbers, text, choices, paths, tuples of
these) is enough to refuse `epochs=many` at once; `farm.config.objects.build` checks everything else later.
"""

import ast
import functools
from pathlib import Path
from typing import Literal, Union

from farm.config.conf_dirs import PACKAGE_DIR

_PLAIN: dict[str, object] = {"int": int, "float": float, "str": str, "bool": bool, "Path": Path, "object": object}


class _UnknownTypeError(Exception):
    """The annotation is no plain value, or stands outside the package."""


def field_type(target: str, field: str) -> object | None:
    """The type of a field that holds a plain value, as `typing` writes it; None if it holds anything else.

    Args:
        target: dotted name of a dataclass of this package, as a `_target_` gives it.
        field: one of its fields.
    """
    module, _, name = target.rpartition(".")
    annotation = _annotations(module, name).get(field)
    try:
        return None if annotation is None else _evaluated(annotation, module)
    except _UnknownTypeError:
        return None


def field_names(target: str) -> frozenset[str]:
    """The fields of a dataclass of this package; none where the class is not known, or inherits some."""
    module, _, name = target.rpartition(".")
    definition = _definitions(module).get(name)
    is_whole = isinstance(definition, ast.ClassDef) and not definition.bases
    return frozenset(_annotations(module, name)) if is_whole else frozenset()


def field_class(target: str, field: str) -> str | None:
    """Dotted name of the dataclass that a field holds; None if it holds none."""
    module, _, name = target.rpartition(".")
    annotation = _annotations(module, name).get(field)
    held = annotation.value if isinstance(annotation, ast.Subscript) else None
    if isinstance(held, ast.Name) and held.id == "Mapping":
        return None  # it holds many, under names of their own
    names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)] if annotation else []
    return next((place for name in names if (place := _place_of_class(name, module))), None)


@functools.cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    """The top-level classes, aliases and imports of a module of this package, by name; empty for any other module."""
    parts = module.split(".")
    path = PACKAGE_DIR.joinpath(*parts[1:]).with_suffix(".py")
    if parts[0] != PACKAGE_DIR.name or not path.is_file():
        return {}
    named: dict[str, ast.stmt] = {}
    for statement in ast.parse(path.read_text("utf-8")).body:
        match statement:
            case ast.ClassDef(name=name):
                named[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]):
                named[name] = statement
            case ast.ImportFrom(names=names):
                named |= {alias.asname or alias.name: statement for alias in names}
    return named


def _annotations(module: str, class_name: str) -> dict[str, ast.expr]:
    definition = _definitions(module).get(class_name)
    if not isinstance(definition, ast.ClassDef):
        return {}
    return {
        statement.target.id: statement.annotation
        for statement in definition.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _evaluated(annotation: ast.expr, module: str) -> object:
    match annotation:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name):
            return _named(name, module)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_evaluated(left, module), _evaluated(right, module)]  # noqa: UP007 - of values, not of names
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            values = ast.literal_eval(choices)
            return Literal[values]
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant(value=v)])) if v is ...:
            return tuple[_evaluated(item, module), ...]  # type: ignore[misc]
    raise _UnknownTypeError


def _named(name: str, module: str) -> object:
    match _definitions(module).get(name):
        case ast.Assign(value=value):
            return _evaluated(value, module)
        case ast.ImportFrom(module=str(other), names=names) if name not in _PLAIN:
            return _named(next(alias.name for alias in names if name in (alias.asname, alias.name)), other)
        case ast.ClassDef():
            raise _UnknownTypeError
    if name not in _PLAIN:
        raise _UnknownTypeError
    return _PLAIN[name]


def _place_of_class(name: str, module: str) -> str | None:
    match _definitions(module).get(name):
        case ast.ClassDef():
            return f"{module}.{name}"
        case ast.ImportFrom(module=str(other), names=names):
            return _place_of_class(next(alias.name for alias in names if name in (alias.asname, alias.name)), other)
    return None
