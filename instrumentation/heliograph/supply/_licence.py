"""What a licence is called (SPDX, https://spdx.org/licenses/), and which ones may be in what we ship."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import PackageMetadata

    from heliograph.supply._component import Component

__all__ = ["ALLOWED", "EXCEPTIONS", "from_metadata", "from_text", "refused"]

ALLOWED: Final = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT",
    "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "ZPL-2.1", "Zlib",
})  # fmt: skip
"""Permissive ones, and MPL-2.0, which asks only for changes to its own files. All fit our Apache-2.0."""

EXCEPTIONS: Final = {
    ("golang", "github.com/grafana/loki/v3"): (
        "AGPL-3.0-only",
        "Loki is a server of its own, built unchanged from its module; nothing of ours is linked with it.",
    ),
    ("docker", "grafana/loki"): ("AGPL-3.0-only", "The same, as its makers' image."),
    ("docker", "grafana/grafana"): (
        "AGPL-3.0-only",
        "Grafana is a server of its own, used as its makers' image; what it shows is configuration.",
    ),
}
"""(ecosystem, name) → (licence, why it may be there all the same)."""

# What stands in a text only under this licence; several may be in one file.
_TEXTS: Final = (
    ("AGPL-3.0-only", r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3"),
    ("LGPL-3.0-only", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3"),
    ("LGPL-2.1-only", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1"),
    ("GPL-3.0-only", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0-only", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("BUSL-1.1", r"Business Source License 1\.1"),
    ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
    ("MPL-2.0", r"Mozilla Public License,?\s+[Vv]ersion 2\.0"),
    (
        "BSD-3-Clause",
        r"Redistribution and use in source and binary forms.{0,1200}?(?:Neither the name|used to endorse)",
    ),
    ("ISC", r"Permission to use, copy, modify,? and(?:/or)? distribute this software for any purpose"),
    ("MIT", r"Permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("CC0-1.0", r"CC0 1\.0 Universal"),
    ("Unlicense", r"This is free and unencumbered software released into the public domain"),
    ("Zlib", r"In no event will the authors be held liable for any damages\s+arising from the use of this software"),
)
_BSD_2: Final = r"Redistribution and use in source and binary forms"

# How packages of PyPI write it that do not write SPDX, in small letters.
_WORDS: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
    "psf-2.0": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zope public license": "ZPL-2.1",
}
_TERM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def from_metadata(package: PackageMetadata) -> str:
    """Return what a package of PyPI states of itself, "" where that is nothing we know."""
    expression = _field(package, "License-Expression")
    if expression:
        return expression
    stated = _field(package, "License")
    if stated.lower() in _WORDS:
        return _WORDS[stated.lower()]
    classifiers = [text.split(" :: ")[-1] for text in package.get_all("Classifier") or () if text.startswith("License")]
    told = sorted({_WORDS[word.lower()] for word in classifiers if word.lower() in _WORDS})
    return " AND ".join(told) or from_text(stated)


def _field(package: PackageMetadata, name: str) -> str:
    return str(package[name]).strip() if name in package else ""


def from_text(text: str) -> str:
    """Return the licences whose texts these are, "" for none that we know."""
    flat = re.sub(r"(?://|[\s*#])+", " ", text)
    found = [name for name, pattern in _TEXTS if re.search(pattern.replace(r"\s+", " "), flat)]
    if "BSD-3-Clause" not in found and re.search(_BSD_2, flat):
        found.append("BSD-2-Clause")
    return " AND ".join(sorted(found))


def refused(components: Iterable[Component]) -> list[str]:
    """Say what may not be there: a licence that is not known, or not allowed and without a reason of its own."""
    problems = []
    for one in components:
        name = f"{one.name} {one.version}"
        excepted, _ = EXCEPTIONS.get((one.ecosystem, one.name), ("", ""))
        if not one.licence:
            problems.append(f"{name}: its licence is not known")
        elif one.licence != excepted and not _fits(one.licence):
            problems.append(f"{name}: {one.licence} is not allowed")
    return problems


def _fits(expression: str) -> bool:
    """Whether an SPDX expression can be met: each part of an AND must be allowed, of an OR one."""
    flat = expression.replace("(", " ").replace(")", " ")
    return all(
        any(set(_TERM.findall(choice)) <= ALLOWED | {"WITH", "LLVM-exception"} for choice in re.split(r"\sOR\s", part))
        for part in re.split(r"\sAND\s", flat)
    )
