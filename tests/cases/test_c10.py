"""C10: SKUs that look alike. Later: the suggestions (`suggest` pairs are only held not to be linked)."""

import pytest

from tests.cases.checks import run
from tests.cases.harness import Play


@pytest.mark.req("S6", "S9", "S26", "A3")
async def test_a3_the_rule_links_what_is_equal_after_trimming_and_nothing_else(play: Play) -> None:
    await run(play)
