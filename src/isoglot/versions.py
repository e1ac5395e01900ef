"""Versions of installed packages, for the record beside what they computed."""

from __future__ import annotations

from importlib import metadata


def installed_versions(*packages: str) -> dict[str, str]:
    """Version of each package; one that is not installed is left out."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
