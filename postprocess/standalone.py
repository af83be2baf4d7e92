"""Put all values of a sweep into one file that can be given away, also those that are too large for sweep.h5.

    python postprocess/standalone.py results/absorption/sweep.h5 absorption.h5

What differs in shape between points (`index/not_stacked`) stays in their files.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import h5py
from sweep_file import opened, values

from hpcx.io.seal import append_seal, part_checksum


def main() -> None:
    """Copy the file, with values in place of virtual datasets; nothing is left of one that cannot be completed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="sweep.h5, with points/ beside it")
    parser.add_argument("target", type=Path, help="the new file")
    options = parser.parse_args()
    if options.target.exists():
        raise SystemExit(f"{options.target} exists")
    try:
        shutil.copyfile(options.source, options.target)
        with opened(options.source) as source, h5py.File(options.target, "r+") as target:
            _fill_in(source, target)
        append_seal(options.target, [part_checksum(options.target, 0, options.target.stat().st_size)])
    except OSError as error:
        options.target.unlink(missing_ok=True)
        raise SystemExit(str(error)) from error
    print(f"wrote {options.target}")


def _fill_in(source: h5py.File, target: h5py.File) -> None:
    """Replace the virtual datasets of `target` by their values, with the same dimensions."""
    virtual: list[str] = []
    source.visititems(
        lambda name, item: virtual.append(name) if isinstance(item, h5py.Dataset) and item.is_virtual else None
    )
    for name in virtual:
        old = target[name]
        scales = [list(old.dims[axis].values()) for axis in range(old.ndim)]
        about = {key: old.attrs[key] for key in ("units", "long_name")}
        for axis, found in enumerate(scales):
            for scale in found:
                old.dims[axis].detach_scale(scale)
        del target[name]
        made = target.create_dataset(name, data=values(source, name))
        made.attrs.update(about)
        for axis, found in enumerate(scales):
            for scale in found:
                made.dims[axis].attach_scale(scale)
    if "index/virtual" in target:
        target["index/virtual"].attrs["note"] = "now in this file"


if __name__ == "__main__":
    main()
