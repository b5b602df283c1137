"""Settings: defaults, refusals with one helpful line, and no secret in any text."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.config import SHOPIFY_VERSION, ConfigError, Settings

SECRETS = {
    "DATABASE_URL": "postgresql://linkbot:hunter2hunter2@db.internal:5432/linkbot",
    "LINKBOT_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "SLACK_APP_TOKEN": "xapp-very-secret",
    "SLACK_CLIENT_ID": "123.456",
    "SLACK_CLIENT_SECRET": "client-very-secret",
    "TIKTOK_APP_KEY": "ttkey",
    "TIKTOK_APP_SECRET": "tiktok-very-secret",
    "SHOPIFY_CLIENT_ID": "shopid",
    "SHOPIFY_CLIENT_SECRET": "shopify-very-secret",
    "SHOPIFY_ADMIN_TOKENS": "harbour.myshopify.com=shpat_very-secret",
}
PLAIN = ("hunter2", "very-secret", SECRETS["LINKBOT_ENCRYPTION_KEY"])


def test_defaults_are_those_of_the_table() -> None:
    settings = Settings.load({})
    assert settings.database_url == "sqlite:///linkbot.db"
    assert settings.is_sqlite
    assert (settings.host, settings.port, settings.public_url, settings.channel) == ("127.0.0.1", 3000, None, None)
    assert settings.slack_base_url == "https://slack.com/api/"
    assert settings.tiktok_base_url == "https://open-api.tiktokglobalshop.com"
    assert settings.tiktok_auth_url == "https://auth.tiktok-shops.com"
    assert settings.shopify_url("a.myshopify.com") == "https://a.myshopify.com"
    assert settings.shopify_api_version == SHOPIFY_VERSION == "2026-10"
    assert (settings.poll_every, settings.lease) == (timedelta(seconds=30), timedelta(seconds=60))
    assert settings.unclear_after == timedelta(minutes=5)
    assert settings.log == "info"
    assert settings.fernet_keys == ()
    assert not settings.socket_mode
    assert not settings.several_workspaces


def test_given_values_stand_alone_and_the_process_environment_does_not_leak_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LINKBOT_PORT=4001\nLINKBOT_CHANNEL=#ops\nSLACK_BOT_TOKEN=\n")
    monkeypatch.setenv("LINKBOT_PORT", "4002")
    read = Settings.load()
    assert read.port == 4002, "the process environment wins over .env"
    assert read.channel == "#ops"
    assert read.slack_bot_token is None, "an empty line counts as not set"
    assert Settings.load({}).port == 3000


@pytest.mark.parametrize(
    "env, says",
    [
        ({"LINKBOT_PORT": "http"}, "LINKBOT_PORT must be a whole number"),
        ({"LINKBOT_PORT": "70000"}, "LINKBOT_PORT must be less than or equal to 65535"),
        ({"LINKBOT_POLL_SECONDS": "0.5"}, "LINKBOT_POLL_SECONDS must be greater than or equal to 1"),
        ({"LINKBOT_POLL_SECONDS": "often"}, "LINKBOT_POLL_SECONDS must be a number of seconds"),
        ({"LINKBOT_LEASE_SECONDS": "0"}, "LINKBOT_LEASE_SECONDS must be greater than 0"),
        ({"LINKBOT_LOG": "loud"}, "LINKBOT_LOG must be debug, info or warning"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must start with sqlite:/// or postgresql://"),
        ({"LINKBOT_PUBLIC_URL": "http://bot.example"}, "LINKBOT_PUBLIC_URL must be an https address"),
        ({"LINKBOT_PUBLIC_URL": "bot.example"}, "LINKBOT_PUBLIC_URL must be an address that starts with https://"),
        ({"TIKTOK_BASE_URL": "open api"}, "TIKTOK_BASE_URL must be an address"),
        ({"LINKBOT_ENCRYPTION_KEY": "short"}, "LINKBOT_ENCRYPTION_KEY must be Fernet keys"),
        ({"SLACK_BOT_TOKEN": "xoxp-1"}, "SLACK_BOT_TOKEN must start with xoxb-"),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN must start with xapp-"),
        ({"SLACK_CLIENT_ID": "1.2"}, "SLACK_CLIENT_SECRET is missing while SLACK_CLIENT_ID is set"),
        ({"TIKTOK_APP_SECRET": "s"}, "TIKTOK_APP_KEY is missing while TIKTOK_APP_SECRET is set"),
        ({"SHOPIFY_CLIENT_ID": "c"}, "SHOPIFY_CLIENT_SECRET is missing while SHOPIFY_CLIENT_ID is set"),
        ({"SHOPIFY_API_VERSION": "latest"}, "SHOPIFY_API_VERSION must look like 2026-10"),
        ({"SHOPIFY_ADMIN_TOKENS": "shpat_x"}, "SHOPIFY_ADMIN_TOKENS must be a list like"),
        ({"SHOPIFY_ADMIN_TOKENS": "evil.example=shpat_x"}, "SHOPIFY_ADMIN_TOKENS must name each store by its"),
    ],
)
def test_a_wrong_value_is_refused_with_one_line(env: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(env)
    text = str(caught.value)
    assert text.startswith(says)
    assert "\n" not in text
    assert "Where: " in text, "it says where to get the right one"
    assert caught.value.variable in text
    assert caught.value.__context__ is None, "the library's error would print what was typed"


def test_p_secrets_no_secret_shows_in_repr_or_errors() -> None:
    settings = Settings.load(SECRETS)
    shown = f"{settings!r} {settings} {settings.shopify_admin_tokens} {settings.database_label}"
    for name, value in SECRETS.items():
        with pytest.raises(ConfigError) as caught:
            Settings.load({**SECRETS, name: "!" + value, "LINKBOT_PORT": "x"})
        shown += f"{caught.value!s} {caught.value!r}"
    assert not [word for word in PLAIN if word in shown]
    assert settings.database_label == "postgresql://db.internal/linkbot"


def test_settings_are_frozen() -> None:
    settings = Settings.load({})
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_several_keys_newest_first() -> None:
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings = Settings.load({"LINKBOT_ENCRYPTION_KEY": f"{new}, {old},"})
    assert settings.fernet_keys == settings.require_keys() == (new, old)


def test_store_tokens_by_domain() -> None:
    settings = Settings.load({"SHOPIFY_ADMIN_TOKENS": "Harbour=shpat_1, b.myshopify.com=shpat_2=="})
    found = {shop: token.get_secret_value() for shop, token in settings.shopify_admin_tokens.items()}
    assert found == {"harbour.myshopify.com": "shpat_1", "b.myshopify.com": "shpat_2=="}


@pytest.mark.parametrize(
    "market, address",
    [
        ("", "https://services.tiktokshop.com/open/authorize"),
        ("GB", "https://services.tiktokshop.com/open/authorize"),
        ("us", "https://services.us.tiktokshop.com/open/authorize"),
    ],
)
def test_the_seller_consents_at_the_market_s_address(market: str, address: str) -> None:
    assert Settings.load({}).tiktok_authorize(market) == address
    own = Settings.load({"TIKTOK_AUTHORIZE_URL": "http://127.0.0.1:9/consent"})
    assert own.tiktok_authorize(market) == "http://127.0.0.1:9/consent"


def test_addresses_end_as_their_users_expect() -> None:
    settings = Settings.load(
        {
            "SLACK_BASE_URL": "http://127.0.0.1:1/api",
            "TIKTOK_BASE_URL": "http://127.0.0.1:2/",
            "SHOPIFY_BASE_URL": "http://127.0.0.1:3/{shop}/",
            "LINKBOT_PUBLIC_URL": "https://bot.example/",
        }
    )
    assert settings.slack_base_url == "http://127.0.0.1:1/api/"
    assert settings.tiktok_base_url == "http://127.0.0.1:2"
    assert settings.shopify_url("a.myshopify.com") == "http://127.0.0.1:3/a.myshopify.com"
    assert settings.require_public_url() == "https://bot.example"


@pytest.mark.parametrize(
    "env, missing",
    [
        ({}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET is missing"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, None),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, None),
        (
            {"SLACK_CLIENT_ID": "1", "SLACK_CLIENT_SECRET": "s", "SLACK_SIGNING_SECRET": "s"},
            "LINKBOT_PUBLIC_URL is missing",
        ),
        (
            {
                "SLACK_CLIENT_ID": "1",
                "SLACK_CLIENT_SECRET": "s",
                "SLACK_SIGNING_SECRET": "s",
                "LINKBOT_PUBLIC_URL": "https://bot.example",
            },
            None,
        ),
    ],
)
def test_what_slack_needs(env: dict[str, str], missing: str | None) -> None:
    settings = Settings.load(env)
    if missing is None:
        settings.require_slack()
        return
    with pytest.raises(ConfigError, match=missing):
        settings.require_slack()


def test_what_the_others_need() -> None:
    bare = Settings.load({})
    for require, says in (
        (bare.require_tiktok, "TIKTOK_APP_KEY is missing"),
        (bare.require_shopify, "SHOPIFY_CLIENT_ID is missing"),
        (bare.require_keys, "LINKBOT_ENCRYPTION_KEY is missing"),
        (bare.require_public_url, "LINKBOT_PUBLIC_URL is missing"),
        (Settings.load({"TIKTOK_APP_KEY": "k", "TIKTOK_APP_SECRET": "s"}).require_tiktok, "TIKTOK_SERVICE_ID"),
    ):
        with pytest.raises(ConfigError, match=says):
            require()
    full = Settings.load({**SECRETS, "TIKTOK_SERVICE_ID": "77"})
    key, secret, service = full.require_tiktok()
    assert (key, secret.get_secret_value(), service) == ("ttkey", "tiktok-very-secret", "77")
    client, client_secret = full.require_shopify()
    assert (client, client_secret.get_secret_value()) == ("shopid", "shopify-very-secret")
