"""Holds a JSON document against the TypedDicts that declare its shape."""

import types
from typing import Union, get_args, get_origin, get_type_hints, is_typeddict


def mismatches(value: object, declared: object, where: str = "") -> list[str]:
    """Every place where a value is not what was declared; empty if the document fits."""
    if is_typeddict(declared):
        hints = get_type_hints(declared)
        if not isinstance(value, dict):
            return [f"{where}: expected an object, got {value!r}"]
        keys = [f"{where}.{key}: missing" for key in hints.keys() - value.keys()]
        keys += [f"{where}.{key}: not declared" for key in value.keys() - hints.keys()]
        return keys + [
            problem
            for key in hints.keys() & value.keys()
            for problem in mismatches(value[key], hints[key], f"{where}.{key}")
        ]
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        fits = [mismatches(value, argument, where) for argument in arguments]
        return [] if [] in fits else max(fits, key=len)
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: expected a list, got {value!r}"]
        return [p for k, part in enumerate(value) for p in mismatches(part, arguments[0], f"{where}[{k}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{where}: expected an object, got {value!r}"]
        return [p for key, part in value.items() for p in mismatches(part, arguments[1], f"{where}.{key}")]
    fitting = {float: (int, float), int: (int,), bool: (bool,), str: (str,), type(None): (type(None),)}
    assert isinstance(declared, type)
    is_fitting = isinstance(value, fitting[declared]) and (declared is bool or not isinstance(value, bool))
    return [] if is_fitting else [f"{where}: expected {declared.__name__}, got {value!r}"]
