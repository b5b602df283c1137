"""Set-up: connect, import, prompt, answer."""

import pytest

from tests.flows.world import World


@pytest.mark.req("S4", "S6")
async def test_the_answered_prompt_says_how_many_skus_are_linked_now(seeded: World) -> None:
    await seeded.answer()
    assert "9 SKUs are linked" in seeded.message("links automatically")["text"]
