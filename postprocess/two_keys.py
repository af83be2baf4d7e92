"""What figures of a sweep over two keys share: a row of three panels, and a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save

PUMP = "pump.photon_energy"
#: what a figure is made of, by name
Data = dict[str, np.ndarray]


class Swept:
    """A file of a sweep over two keys alone; raises SystemExit for another one."""

    def __init__(self, file: h5py.File, keys: tuple[str, str]) -> None:
        self.file, self.keys = file, keys
        swept = [scale[0].name.rsplit("/", 1)[-1] for scale in file["index/id"].dims] if "index/id" in file else []
        if sorted(swept) != sorted(keys):
            raise SystemExit(f"{file.filename}: this figure wants a sweep over {' and '.join(keys)} alone")
        self._order = [swept.index(key) for key in keys]

    def axis(self, number: int) -> np.ndarray:
        """Return the values of a swept key."""
        return read(self.file, self.keys[number])

    def __call__(self, path: str) -> np.ndarray:
        """Return a dataset with the first key first, the second one second."""
        values = read(self.file, path)
        return values.transpose(*self._order, *range(2, values.ndim))


def draw_two(
    script: str,
    description: str | None,
    keys: tuple[str, str],
    get: Callable[[Swept], Data],
    draw: Callable,
    tell: Callable[[Data], None],
) -> None:
    """Save what `draw(axes, data)` makes of the data that `get` reads, named as the script, next to them;
    then `tell` prints the table.
    """
    parser = command_line(description)
    parser.add_argument("file", type=Path, help=f"sweep.h5 of a run that sweeps {' and '.join(keys)}")
    path = parser.parse_args().file
    with open_result(path) as file:
        data = get(Swept(file, keys))
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), layout="constrained")
    letters(axes)
    draw(axes, data)
    save(figure, path.with_name(Path(script).stem))
    tell(data)


def colours(values: np.ndarray, name: str = "inferno") -> list[tuple]:
    """Return a colour for each value, dark for the first one."""
    return [plt.get_cmap(name)(0.85 * number / max(len(values) - 1, 1)) for number in range(len(values))]
