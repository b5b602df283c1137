"""What Slack is asked about people, how often, and what its errors become."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain import rights
from bot.domain.rights import RightRefusal, RightsKind, RightsPolicy
from bot.domain.values import Right, UserId, WorkspaceId
from bot.handlers.rights import Rights, SlackFailed, slack_code
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack import FakeSlack
from bot.store.db import Db

TEAM, ANA, BEN, CHLOE = WorkspaceId("T0001"), UserId("U1"), UserId("U2"), UserId("U3")


class Room:
    """Rights before a fake Slack, with a clock that tests move."""

    def __init__(self, slack: FakeSlack, client: AsyncWebClient, db: Db) -> None:
        self.slack, self.client, self.db, self.at = slack, client, db, 0.0
        self.rights = Rights(db, (aiohttp.ClientError,), lambda: self.at)
        slack.add_usergroup("S1", "linkers", ["U2"])

    def set(self, policy: RightsPolicy) -> None:
        self.db.run_sync(lambda u: u.settings.put(TEAM, rights.SETTING, rights.to_json(policy)))

    async def refusal(self, user: UserId, right: Right = Right.LINK) -> RightRefusal | None:
        return (await self.rights.verdict(self.client, TEAM, user, right, foreign=False)).refusal

    def asked(self, method: str) -> int:
        return sum(call.operation == method for call in self.slack.calls)


@pytest.fixture
async def room(sqlite_url: str) -> AsyncIterator[Room]:
    slack, db = FakeSlack(), Db(sqlite_url)
    served = await slack.serve()
    client = AsyncWebClient(token=slack.bot_token, base_url=f"{served.url}/api/", retry_handlers=[])
    yield Room(slack, client, db)
    await slack.close()
    await served.close()
    await db.close()


@pytest.mark.req("N20")
async def test_a_group_s_members_are_believed_for_five_minutes(room: Room) -> None:
    room.set(RightsPolicy(RightsKind.GROUP, ("S1",)))
    assert await room.refusal(BEN) is None
    room.slack.world.usergroups["S1"]["users"] = ["U3"]
    room.at = 299
    assert (await room.refusal(BEN), await room.refusal(CHLOE)) == (None, RightRefusal.NOT_IN_GROUP)
    assert room.asked("usergroups.users.list") == 1
    room.at = 300
    assert (await room.refusal(BEN), await room.refusal(CHLOE)) == (RightRefusal.NOT_IN_GROUP, None)
    assert room.asked("usergroups.users.list") == 2


@pytest.mark.req("N20")
async def test_who_is_admin_is_believed_for_five_minutes_and_no_group_is_asked_for_them(room: Room) -> None:
    room.set(RightsPolicy(RightsKind.GROUP, ("S1",)))
    assert await room.refusal(ANA, Right.ADMIN) is None
    assert await room.refusal(ANA) is None
    room.slack.world.users["U1"].is_admin = False
    assert await room.refusal(ANA) is None
    assert (room.asked("users.info"), room.asked("usergroups.users.list")) == (1, 0)
    room.at = 300
    assert await room.refusal(ANA, Right.ADMIN) is RightRefusal.NOT_ADMIN
    assert await room.refusal(ANA) is RightRefusal.NOT_IN_GROUP


async def test_a_changed_policy_counts_at_once(room: Room) -> None:
    assert await room.refusal(CHLOE) is None
    room.set(RightsPolicy(RightsKind.USERS, ("U2",)))
    assert await room.refusal(CHLOE) is RightRefusal.NOT_NAMED
    room.set(RightsPolicy(RightsKind.CHANNEL, ("C2",)))
    assert await room.refusal(CHLOE) is None


@pytest.mark.req("N20", "U26")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.SERVER_ERROR, "http_500"),
        (FaultKind.UNAVAILABLE, "http_503"),
        (FaultKind.RATE_LIMITED, "ratelimited"),
        (FaultKind.TIMEOUT_BEFORE, "ServerDisconnectedError"),
    ],
)
async def test_every_failure_of_a_look_up_is_a_refusal_with_its_code(room: Room, kind: FaultKind, code: str) -> None:
    room.set(RightsPolicy(RightsKind.CHANNEL, ("C2",)))
    fault = room.slack.faults.add(Fault("conversations.members", kind, times=None))
    seen = await room.rights.verdict(room.client, TEAM, BEN, Right.LINK, foreign=False)
    assert (seen.refusal, seen.trouble) == (RightRefusal.UNKNOWN, code)
    room.slack.faults.remove(fault)
    assert await room.refusal(BEN) is None, "a failure is not kept"


async def test_a_page_that_fails_makes_no_half_list(room: Room) -> None:
    room.slack.add_channel("C7", "floor", members=[f"U9{n:05d}" for n in range(1500)])
    room.slack.faults.add(Fault("conversations.members", FaultKind.SERVER_ERROR, nth=2))
    with pytest.raises(SlackFailed, match="http_500"):
        await room.rights.members(room.client, TEAM, RightsKind.CHANNEL, "C7")
    assert len(await room.rights.members(room.client, TEAM, RightsKind.CHANNEL, "C7")) == 1500


@pytest.mark.req("N20")
async def test_a_request_from_another_workspace_is_refused_without_asking(room: Room) -> None:
    seen = await room.rights.verdict(room.client, TEAM, ANA, Right.LINK, foreign=True)
    assert seen.refusal is RightRefusal.STRANGER
    assert room.slack.calls == []


@pytest.mark.parametrize(
    ("answer", "code"), [({"ok": False, "error": "not_found"}, "not_found"), ({}, ""), ({"error": None}, "")]
)
def test_slack_s_code_in_a_plain_answer(answer: dict[str, str], code: str) -> None:
    assert slack_code(SlackApiError("refused", answer)) == code
