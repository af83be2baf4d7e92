"""Completion of the command line in bash, made from the parser: what `hpcx completion` prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

_SCRIPT = """\
# completion of hpcx:  source <(hpcx completion)    in ~/.bashrc; in zsh after `autoload bashcompinit && bashcompinit`
_hpcx() {{
    local words
    case ${{COMP_WORDS[1]}} in
{cases}
    esac
    [ "$COMP_CWORD" -gt 1 ] || words="{commands}"
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _hpcx hpcx
"""


def bash_script(parser: argparse.ArgumentParser) -> str:
    """Return the script that completes commands, options and words; elsewhere bash completes the names of files."""
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction)).choices
    cases = "\n".join(f'        {name}) words="{" ".join(_words(command))}" ;;' for name, command in commands.items())
    return _SCRIPT.format(cases=cases, commands=" ".join(commands))


def _words(command: argparse.ArgumentParser) -> Iterator[str]:
    for action in command._actions:
        yield from action.option_strings
        if not action.option_strings:
            yield from map(str, action.choices or ())
