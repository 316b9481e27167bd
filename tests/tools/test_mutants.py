"""The mutants still fit the sources; what the tests make of them is played by `make mutants`."""

from __future__ import annotations

import pytest
from tools.mutants import HERE, MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_can_be_applied(mutant: Mutant) -> None:
    assert (HERE / mutant.file).read_text().count(mutant.old) == 1, "correct it in tools/mutants.py"
    assert mutant.old != mutant.new
    assert all((HERE / test).is_file() for test in mutant.tests if test.endswith(".py"))
