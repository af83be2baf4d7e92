"""One point: a validated input with its material, and the hash by which it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from hpcx.config.base import RunInput
from hpcx.config.settings import with_key
from hpcx.materials.loader import Material, as_json


@dataclass(frozen=True)
class Point:
    """One calculation.

    Attributes:
        coordinates: swept keys with this point's values; empty without a sweep.
        inputs: the validated input and its material with the replacements of `parameters`, or None when the combination
            is impossible.
        physics: all that determines the result, as plain data: keys of the input that are not machine keys, the numbers
            of the material (their sources do not count), and the contents of what the input names.
        hash: SHA-256 of the physics (hexadecimal): equal hashes mean equal results.
        error: why the point cannot be computed, or "".
    """

    coordinates: dict[str, Any]
    inputs: tuple[RunInput, Material] | None
    physics: dict[str, Any]
    hash: str
    error: str = ""

    @property
    def id(self) -> str:
        """The name of the point in files and logs."""
        return self.hash[:12]

    @property
    def config(self) -> RunInput:
        """The validated input. Raises ValueError if the point cannot be computed."""
        return self._valid_inputs()[0]

    @property
    def material(self) -> Material:
        """The material with the replacements of `parameters`. Raises ValueError if the point cannot be computed."""
        return self._valid_inputs()[1]

    def _valid_inputs(self) -> tuple[RunInput, Material]:
        if self.inputs is None:
            raise ValueError(self.error)
        return self.inputs

    @staticmethod
    def invalid(coordinates: dict[str, Any], error: str) -> Point:
        """Return a point that cannot be computed, with the reason."""
        return Point(coordinates, None, {}, digest(coordinates), error)


def make_point(
    config: RunInput,
    material: Material,
    coordinates: dict[str, Any],
    named: dict[str, Any],
    written: Mapping[str, str] | None = None,
) -> Point:
    """Return the point of a validated input, its material and the contents of what it names, with its hash.

    `written` has by key the names of files as written: these enter the hash, not the paths from the current directory.
    """
    physics = _physics(config, material, named, written or {})
    return Point(coordinates, (config, material), physics, digest(physics, material.encoded))


def _physics(config: RunInput, material: Material, named: dict[str, Any], written: Mapping[str, str]) -> dict[str, Any]:
    physics = config.model_dump(mode="json")
    for key, text in written.items():
        physics = with_key(physics, key, text)
    for key in config.machine_keys:
        physics.pop(key, None)
    named = {key: content for key, content in named.items() if key not in config.machine_keys}
    return physics | material.physics | ({"contents": named} if named else {})


def digest(data: dict[str, Any], encoded: Mapping[str, str] | None = None) -> str:
    """Return the hash of data as JSON with sorted keys; `encoded` has values that are JSON text already."""
    known, texts = encoded or {}, []
    for is_known, keys in groupby(sorted(data), lambda key: key in known):
        if is_known:
            texts += [f"{json.dumps(key)}: {known[key]}" for key in keys]
        else:
            texts.append(as_json({key: data[key] for key in keys})[1:-1])  # without its braces
    return hashlib.sha256(f"{{{', '.join(texts)}}}".encode()).hexdigest()
