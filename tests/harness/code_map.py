"""Reads the code map of the README: a fenced block in which indented lines name folders and files."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"^#+ Code map\b.*?^```\w*\n(?P<map>.*?)^```", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.\w+)")


def named_paths(page: str) -> list[str]:
    """Every path that the code map names, folders with a slash at the end. Raises `ValueError` without a map.

    A line names one or several paths, then says what they are for; a folder alone on its line is
    the place of the deeper lines after it.
    """
    block = _BLOCK.search(page)
    if block is None:
        raise ValueError("there is no fenced block under a heading `Code map`")
    paths: list[str] = []
    open_folders: list[tuple[int, str]] = []
    for line in block["map"].splitlines():
        indent = len(line) - len(line.lstrip())
        open_folders = [(depth, folder) for depth, folder in open_folders if depth < indent]
        parent = open_folders[-1][1] if open_folders else ""
        names = _leading_names(line)
        paths += [parent + name for name in names]
        if names and names[0].endswith("/"):
            open_folders.append((indent, parent + names[0]))
    return paths


def _leading_names(line: str) -> list[str]:
    names: list[str] = []
    for word in line.split():
        if not _NAME.fullmatch(word):
            break
        names.append(word)
    return names
