"""Reading files of numbers word by word; errors name file, line, what was expected and what was found."""

from __future__ import annotations

import math
from pathlib import Path


class FileError(ValueError):
    """A file is missing, cut off or malformed; the message names file and line."""


class Scanner:
    """The words of a text file in order, each with its line.

    Attributes:
        path: of the file, for messages.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; raises FileError if it cannot be read as text."""
        self.path = path
        try:
            self._lines = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise FileError(f"{path}: cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, ValueError) as error:
            raise FileError(f"{path}: is not a text file") from error
        self._line = 0
        self._words: list[str] = []

    def line(self) -> str:
        """Return the next whole line, skipping what is left of the present one; "" at the end of the file."""
        self._words = []
        self._line += 1
        return self._lines[self._line - 1] if self._line <= len(self._lines) else ""

    def is_at_end(self) -> bool:
        """Say whether only white space is left."""
        return not self._words and not any(line.strip() for line in self._lines[self._line :])

    @property
    def line_number(self) -> int:
        """The line that has been read last, from 1; that of the last line at the end of the file."""
        return min(self._line, max(1, len(self._lines)))

    def check_end(self) -> None:
        """Raise FileError if anything is left but white space."""
        if self.peek():
            raise self.error("the end of the file", repr(self._words[-1]))

    def peek(self) -> str:
        """Return the next word, on whatever line it stands, and leave it there; "" at the end of the file."""
        while not self._words and self._line < len(self._lines):
            self._line += 1
            self._words = self._lines[self._line - 1].split()[::-1]
        return self._words[-1] if self._words else ""

    def word(self, meaning: str) -> str:
        """Return the next word; raises FileError at the end of the file."""
        if not self.peek():
            raise self.error(meaning, "the end of the file")
        return self._words.pop()

    def integer(self, meaning: str, least: int | None = None) -> int:
        """Return the next word as an integer of at least `least`."""
        word = self.word(meaning)
        try:
            value = int(word.replace("_", "?"))  # Python's 1_000
        except ValueError:
            raise self.error(meaning, repr(word)) from None
        if least is not None and value < least:
            raise self.error(f"{meaning}, at least {least}", word)
        return value

    def number(self, meaning: str) -> float:
        """Return the next word as a finite number."""
        return self.finite(self.word(meaning), meaning)

    def finite(self, word: str, meaning: str, line: int | None = None) -> float:
        """Return a word of a line, by default the present one, as a finite number.

        Fortran's exponents (1.0D-3) are read, too.
        """
        try:
            value = float(word.replace("D", "E").replace("d", "e").replace("_", "?"))
        except ValueError:
            raise self.error(meaning, repr(word), line) from None
        if not math.isfinite(value):
            raise self.error(f"{meaning} with a finite value", word, line)
        return value

    def error(self, expected: str, found: str, line: int | None = None) -> FileError:
        """Return the error that says where, at a line or at the present one, what was expected and what was found."""
        return FileError(f"{self.path}, line {line or self.line_number}: expected {expected}, found {found}")
