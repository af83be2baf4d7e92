"""The seal behind a result file: the same bytes whichever library takes the checksum,
and from pieces as from the whole.
"""

from __future__ import annotations

import zlib

import numpy as np

from hpcx.io.seal import append_seal, is_broken, part_checksum, sealed


def test_checksum_is_that_of_zlib_and_pieces_join_to_the_whole(tmp_path):
    content = np.random.default_rng(1).bytes((1 << 21) + 12345)
    path = tmp_path / "file"
    path.write_bytes(content)
    cuts = [0, 7, 7, 1 << 20, len(content)]
    pieces = [part_checksum(path, first, last) for first, last in zip(cuts, cuts[1:])]
    assert [checksum for checksum, _ in pieces] == [
        zlib.crc32(content[first:last]) for first, last in zip(cuts, cuts[1:])
    ]
    append_seal(path, pieces)
    assert path.read_bytes() == sealed(content)
    assert sealed(content)[-4:] == zlib.crc32(content).to_bytes(4, "little")


def test_one_changed_bit_is_found(tmp_path):
    path = tmp_path / "file"
    whole = bytearray(sealed(np.random.default_rng(2).bytes(1 << 20)))
    path.write_bytes(whole)
    assert not is_broken(path)
    whole[-30] ^= 4
    path.write_bytes(whole)
    assert is_broken(path)
