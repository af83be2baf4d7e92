"""Building blocks of every model's input: sections, quantities with units, and the keys that all models share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, core_schema

from hpcx import units


@dataclass(frozen=True)
class Unit:
    """Marks a number with its unit: `Annotated[float, Unit("eV")]` accepts 0.025 as well as "25 meV" and holds 0.025.

    Bounds (`Field(gt=0)`), defaults, messages and everything that is written are in the marked unit. Models compute
    with `config.internal`, where the number is in the unit inside (see `hpcx.units`).
    """

    name: str

    @property
    def inside(self) -> str:
        """The unit in which the models hold the number."""
        return units.internal(self.name)[0]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Parse text with a unit before the plain number is validated."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def _read(self, value: Any) -> Any:
        return None if value is None else units.parse(value, self.name)


@dataclass(frozen=True)
class OneOf:
    """Marks text that must be a name of a table, which may grow: `Annotated[str, OneOf(BAND_MODELS)]`."""

    names: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Look the text up when the input is read."""
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, name: str) -> str:
        if name not in self.names:
            raise PydanticCustomError("unknown_name", "is not one of the known names")
        return name


@dataclass(frozen=True)
class Named:
    """Marks a key that names a file of data, or a dielectric environment, whose content counts like the input.

    `Annotated[str | None, Named("file")]`
    """

    kind: Literal["file", "environment"]


#: permittivity of surroundings that are the same on both sides
Permittivity = Annotated[float, Field(ge=1, le=1000)]


@dataclass(frozen=True)
class Effect:
    """Keys (or whole tables) that act only if one of the keys `needs` has a value for which `acts` is true.

    A name such as "parameters.carriers.hopping" in `needs` is a number of the material. `config.idle` warns a user who
    has set a key without effect.
    """

    keys: tuple[str, ...]
    needs: tuple[str, ...]
    acts: Callable[[Any], bool] = bool


class Section(BaseModel):
    """A table of the input file: unknown keys are errors, defaults are validated, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
    _in_internal_units: bool = PrivateAttr(False)

    @property
    def internal(self) -> Self:
        """The section with its numbers in internal units (eV, nm, fs), for equations only: never written out."""
        if self._in_internal_units:
            return self
        units_by_name = _units_of(type(self))
        found = self.model_copy(
            update={name: _in_internal_units(getattr(self, name), unit) for name, unit in units_by_name.items()}
        )
        found._in_internal_units = True
        return found


def value_of(section: Section, key: str) -> Any:
    """Return the value of a dotted key; None where a table on the way is left out."""
    found: Any = section
    return reduce(lambda table, name: getattr(table, name, None), key.split("."), found)


def marks_of(annotation: Any) -> list[Any]:
    """Return what Annotated says, also inside lists and unions: list[Annotated[float, Unit("fs")]]."""
    found = []
    for item in getattr(annotation, "__metadata__", ()):
        found += item.metadata if isinstance(item, FieldInfo) else [item]
    for part in get_args(annotation):
        if not isinstance(part, (str, Unit)):
            found += marks_of(part)
    return found


@lru_cache(maxsize=128)
def _units_of(section: type[Section]) -> dict[str, str]:
    """Return the units of the fields of a section, "" for those that are no quantities."""
    marks = {name: [*info.metadata, *marks_of(info.annotation)] for name, info in section.model_fields.items()}
    return {name: next((mark.name for mark in found if isinstance(mark, Unit)), "") for name, found in marks.items()}


def _in_internal_units(value: Any, unit: str) -> Any:
    """Return a number, or the numbers of a list or a section, in units inside."""
    if isinstance(value, Section):
        return value.internal
    if isinstance(value, (list, tuple)):
        return type(value)(_in_internal_units(part, unit) for part in value)
    return units.to_internal(value, unit) if unit and isinstance(value, float) else value


def refuse_more(what: str, count: float, most: int, knobs: str) -> None:
    """Raise ValueError if an input asks for more than `most` of something: said before arrays of that size are made."""
    if count > most:
        raise ValueError(f"{count:.3g} {what} are more than {most:.3g}: {knobs}")


def _name_of_a_file(text: str) -> str:
    """Return a text that may name a file; raises ValueError."""
    if not text or "\0" in text:
        raise ValueError("is not a directory name; the current directory is '.'")
    return text


class Output(Section):
    """Where results go, and how often a checkpoint is written."""

    directory: Annotated[str, AfterValidator(_name_of_a_file)] = Field(
        "results", description="directory of the results, relative to the current directory"
    )
    checkpoint: Annotated[float, Unit("s")] = Field(
        "10 min",
        ge=0,
        le=1e8,
        description="longest wall-clock time between checkpoints; 30 s where they take less than 1 % of the time",
    )


class Petsc(Section):
    """Options for PETSc and SLEPc; each solver has its prefix."""

    options: str = Field("", description="PETSc options, e.g. '-trion_eps_ncv 40'")


class Converge(Section):
    """Settings of `hpcx converge`; `hpcx run` does not look at it."""

    target: str | None = Field(None, description="largest error bar, absolute or relative, e.g. '0.5 meV', '1 %'")
    quantity: str | list[str] | None = Field(
        None,
        description=(
            "datasets whose limits are wanted, e.g. 'singlet/binding_energy'; without it the model's first one"
        ),
    )
    budget: str | None = Field(None, description="processor time that may be spent, e.g. '10 core-min'")
    limits: list[str] | None = Field(
        None,
        description=("numerical parameters to extrapolate, e.g. ['mesh.N']; default: all of the model"),
    )


class RunInput(Section):
    """Keys that every model shares; a model's `Config` derives from it and adds its own tables."""

    #: keys that are not part of the hash of a point: they change a result only through the numbers that they select
    machine_keys: ClassVar[tuple[str, ...]] = ("title", "output", "petsc", "converge", "parameter_set")
    #: which keys act only with certain values of another one
    effects: ClassVar[tuple[Effect, ...]] = ()
    #: keys of the input or numbers of the material that give the dielectric surroundings; the first one present is used
    surroundings: ClassVar[tuple[str, ...]] = ()
    #: the parameter set that counts if the input names none; see `hpcx.materials.sets`
    usual_set: ClassVar[str] = "none"

    title: str = Field("", description="free text, repeated in the results")
    model: str = Field(description="which calculation: see `hpcx schema`")
    material: str = Field(description="a material of `hpcx materials`, or the path of your own TOML file")
    parameter_set: str | None = Field(
        None,
        description=(
            "numbers of a paper in place of some of the material's: a set of `hpcx materials`, the path of a TOML"
            ' file, or "none"; default: for built-in materials the usual set of the model'
        ),
    )
    parameters: dict[str, str | float] = Field(
        default_factory=dict,
        description='numbers of the material file replaced for this run, e.g. "carriers.hopping" = "1.2 eV"',
    )
    output: Output = Field(default_factory=Output, description="where results go")
    petsc: Petsc = Field(default_factory=Petsc, description="options for PETSc and SLEPc")
    converge: Converge = Field(default_factory=Converge, description="settings of `hpcx converge`")

    @property
    def numbers_from(self) -> str:
        """The usual parameter set."""
        return self.usual_set

    def material_keys(self) -> list[str]:
        """Return the numbers and words of the material that the calculation needs; see `hpcx.materials.catalogue`."""
        return []

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together, each in one line."""
        yield from ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if found := list(self.complaints()):
            raise ValueError("\n".join(found))
        return self

    @classmethod
    def expand_axis(cls, key: str, values: list[Any]) -> list[Any]:
        """Return the values of a swept key; a model may let a word stand for a family of values."""
        return values
