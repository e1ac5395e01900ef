"""Versions for the record."""

import numpy as np

from isoglot.versions import installed_versions


def test_installed_packages_have_a_version_and_others_are_left_out() -> None:
    assert installed_versions("numpy", "no-such-package-anywhere") == {"numpy": np.__version__}
