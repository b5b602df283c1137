"""Who may link: the policy as a table, and how it is kept."""

from typing import Any

import pytest

from bot.domain.rights import (
    EVERYONE,
    NOBODY,
    Person,
    RightRefusal,
    RightsKind,
    RightsPolicy,
    decide_right,
    from_json,
    to_json,
)
from bot.domain.settings import DEFAULTS, SettingChange, as_text
from bot.domain.values import Right, UserId

BEN = UserId("U2")
GROUP = RightsPolicy(RightsKind.GROUP, ("S1",), "linkers")
CHANNEL = RightsPolicy(RightsKind.CHANNEL, ("C1",))
NAMED = RightsPolicy(RightsKind.USERS, ("U1", BEN))
OTHERS = RightsPolicy(RightsKind.USERS, ("U1",))
POLICIES = [EVERYONE, GROUP, CHANNEL, NAMED, OTHERS, NOBODY]
LINK, ADMIN = Right.LINK, Right.ADMIN


def ben(**said: Any) -> Person:
    return Person(BEN, **said)


@pytest.mark.req("N20", "U21")
@pytest.mark.parametrize(
    ("policy", "person", "right", "refusal"),
    [
        # everyone but guests and people of other workspaces
        (EVERYONE, ben(), LINK, None),
        (EVERYONE, ben(is_guest=True), LINK, RightRefusal.GUEST),
        (EVERYONE, ben(is_stranger=True), LINK, RightRefusal.STRANGER),
        (EVERYONE, None, LINK, RightRefusal.UNKNOWN),
        # a group, a channel: what is not known is no
        (GROUP, ben(is_member=True), LINK, None),
        (GROUP, ben(is_member=False), LINK, RightRefusal.NOT_IN_GROUP),
        (GROUP, ben(), LINK, RightRefusal.UNKNOWN),
        (CHANNEL, ben(is_member=True), LINK, None),
        (CHANNEL, ben(is_member=False), LINK, RightRefusal.NOT_IN_CHANNEL),
        (CHANNEL, ben(), LINK, RightRefusal.UNKNOWN),
        # by name; a membership does not matter there
        (NAMED, ben(), LINK, None),
        (OTHERS, ben(), LINK, RightRefusal.NOT_NAMED),
        (OTHERS, ben(is_member=True), LINK, RightRefusal.NOT_NAMED),
        (NOBODY, ben(), LINK, RightRefusal.NOT_NAMED),
        # only admins change the policy, whoever may link
        (EVERYONE, ben(), ADMIN, RightRefusal.NOT_ADMIN),
        (GROUP, ben(is_member=True), ADMIN, RightRefusal.NOT_ADMIN),
        (NAMED, ben(), ADMIN, RightRefusal.NOT_ADMIN),
        (EVERYONE, ben(is_guest=True), ADMIN, RightRefusal.GUEST),
        (EVERYONE, ben(is_stranger=True), ADMIN, RightRefusal.STRANGER),
        (EVERYONE, None, ADMIN, RightRefusal.UNKNOWN),
    ],
)
def test_n20_who_may(policy: RightsPolicy, person: Person | None, right: Right, refusal: RightRefusal | None) -> None:
    assert decide_right(policy, person, right) is refusal


@pytest.mark.req("N20")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("right", [LINK, ADMIN])
def test_under_every_policy(policy: RightsPolicy, right: Right) -> None:
    assert decide_right(policy, ben(is_admin=True), right) is None, "admins always may"
    assert decide_right(policy, None, right) is RightRefusal.UNKNOWN, "writes fail closed"
    for inside in (None, False, True):
        assert decide_right(policy, ben(is_guest=True, is_member=inside), right) is RightRefusal.GUEST
        assert decide_right(policy, ben(is_stranger=True, is_member=inside), right) is RightRefusal.STRANGER
        assert decide_right(policy, ben(is_stranger=True, is_admin=True), right) is RightRefusal.STRANGER


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("person", [None, ben(), ben(is_guest=True), ben(is_stranger=True)])
def test_everybody_may_look(policy: RightsPolicy, person: Person | None) -> None:
    assert decide_right(policy, person, Right.READ) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_kept_and_read_again(policy: RightsPolicy) -> None:
    assert from_json(to_json(policy)) == policy


def test_the_default_is_everyone() -> None:
    assert from_json(None) == from_json(DEFAULTS["rights"]) == EVERYONE


@pytest.mark.parametrize(
    "kept",
    [
        "group",
        {},
        {"kind": "all"},
        {"kind": "group"},
        {"kind": "channel", "ids": []},
        {"kind": "users", "ids": 7},
        [],
        1,
    ],
)
def test_what_can_t_be_read_lets_nobody_in_but_admins(kept: Any) -> None:
    assert from_json(kept) == NOBODY


@pytest.mark.parametrize(
    ("policy", "place"), [(EVERYONE, None), (GROUP, "S1"), (CHANNEL, "C1"), (NAMED, None), (NOBODY, None)]
)
def test_slack_is_asked_for_members_only_where_they_count(policy: RightsPolicy, place: str | None) -> None:
    assert policy.place == place


@pytest.mark.req("N4")
def test_a_change_tells_before_and_after_as_json() -> None:
    change = SettingChange("rights", to_json(EVERYONE), to_json(GROUP))
    assert change.facts() == {
        "name": "rights",
        "before": '{"kind":"everyone"}',
        "after": '{"ids":["S1"],"kind":"group","name":"linkers"}',
    }
    assert as_text({"b": 1, "a": True}) == '{"a":true,"b":1}'
