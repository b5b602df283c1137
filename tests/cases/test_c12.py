"""C12, in full but for N1: a SKU with several owners is never linked by the rule. Later: the ranking of candidates."""

import pytest

from tests.cases.checks import run
from tests.cases.harness import Play


@pytest.mark.req("A2", "S6", "S7", "S13", "A8", "B1")
async def test_a2_an_ambiguous_sku_waits_for_a_person_or_for_its_twin_to_go(play: Play) -> None:
    await run(play)
