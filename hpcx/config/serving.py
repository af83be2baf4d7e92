"""Which models can use a material, and which numbers the others would need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcx.config.fields import keys_of
from hpcx.config.settings import with_key
from hpcx.materials.catalogue import meaning
from hpcx.materials.loader import Material, MaterialError, load_material, material_names
from hpcx.materials.sets import with_set
from hpcx.registry import MODELS, config_class

#: models for which masses are sufficient; how many missing numbers are listed without being asked for
_PARABOLIC, _FEW = ("exciton", "trion"), 6


def smallest_input(model: str) -> dict[str, Any]:
    """Return the table of an input with the keys alone that a model cannot do without, with examples as values."""
    table: dict[str, Any] = {"model": model, "material": "any"}
    for key in keys_of(config_class(model)):
        if key.example is not None:
            table = with_key(table, key.name, key.example)
    return table


def keys_for(model: str) -> list[str]:
    """Return the numbers and words of a material that a model asks for with its defaults."""
    return config_class(model).model_validate(smallest_input(model)).material_keys()


def with_usual_set(material: Material, model: str) -> Material:
    """Return a material as a model takes it by default."""
    return with_set(material, model, None, config_class(model).usual_set)


def load_for(model: str, name: str, parameters: Mapping[str, str | float] | None = None) -> Material:
    """Load a material as a model takes it by default, with `parameters` replaced; raises MaterialError."""
    return with_usual_set(load_material(name), model).with_parameters(parameters or {})


def lacking(material: Material) -> dict[str, list[str]]:
    """Return by model what a material lacks for it with the model's defaults."""
    return {model: _not_in(with_usual_set(material, model), keys_for(model)) for model in MODELS}


def _not_in(material: Material, keys: list[str]) -> list[str]:
    return [key for key in keys if key not in material.numbers and key not in material.texts]


def serving(model: str) -> Material:
    """Return the first built-in material that has all that a model asks for; raises MaterialError if there is none."""
    found = next((material for material in map(load_material, material_names()) if not lacking(material)[model]), None)
    if found is None:
        raise MaterialError(f"no material has all the numbers that the model {model} needs")
    return found


def overview() -> str:
    """Return a table of the built-in materials: which models each serves, with the models' defaults."""
    rows = {name: lacking(load_material(name)) for name in material_names()}
    lines = [f"{'material':<12}" + "".join(f"{model:<12}" for model in MODELS)]
    for name, lacks in rows.items():
        words = (f"lacks {len(lacks[model])}" if lacks[model] else "yes" for model in MODELS)
        lines.append((f"{name:<12}" + "".join(f"{word:<12}" for word in words)).rstrip())
    return "\n".join(lines)


def what_is_missing(material: Material, wanted: str | None = None) -> str:
    """Return which models a material serves, what the others lack, and for the `wanted` model every number."""
    lacks = lacking(material)
    served = [model for model in MODELS if not lacks[model]]
    lines = [f"serves: {', '.join(served) or 'no model'} (with the models' defaults)"]
    simple = [model for model in _PARABOLIC if lacks[model] and not _lacks_for_masses(material, model)]
    if simple:
        lines.append(f'serves with bands = {{ model = "parabolic" }}: {", ".join(simple)}')
    for model in (model for model in MODELS if lacks[model]):
        if model == wanted or len(lacks[model]) <= _FEW:
            lines += [f"lacks for {model}:", *(f"  {key:<50} {meaning(key)}" for key in lacks[model])]
        else:
            lines.append(f"lacks {len(lacks[model])} numbers for {model}: --model {model} names them")
    return "\n".join(lines)


def _lacks_for_masses(material: Material, model: str) -> bool:
    """Say whether a material lacks something for a model with parabolic bands."""
    table = smallest_input(model) | {"bands": {"model": "parabolic"}}
    return bool(_not_in(with_usual_set(material, model), config_class(model).model_validate(table).material_keys()))
