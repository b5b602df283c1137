"""Settings: read once from the environment and `.env`, checked, secrets unprintable; the table is contract.md §3."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

SHOPIFY_VERSION = "2026-10"
"""The pinned Admin GraphQL version (supported to about 2027-10-01)."""

_AUTHORIZE = "https://services.tiktokshop.com/open/authorize"
_AUTHORIZE_US = "https://services.us.tiktokshop.com/open/authorize"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")

_SLACK_PAGE = "api.slack.com/apps, your app"
_TIKTOK_PAGE = "TikTok Shop Partner Center, App & Service, your app"
_SHOPIFY_PAGE = "Shopify Dev Dashboard, your app, Settings"
_README = "README.md, Settings"
_WHERE = {
    "DATABASE_URL": "sqlite:///linkbot.db, or the address of your Postgres database",
    "LINKBOT_PUBLIC_URL": "the https address under which Slack, TikTok Shop and Shopify reach this machine",
    "LINKBOT_ENCRYPTION_KEY": "`linkbot check --new-key` prints one",
    "LINKBOT_CHANNEL": "Slack, the channel's details, or its name",
    "SLACK_BOT_TOKEN": f"{_SLACK_PAGE}, OAuth & Permissions, Bot User OAuth Token",
    "SLACK_SIGNING_SECRET": f"{_SLACK_PAGE}, Basic Information, Signing Secret",
    "SLACK_APP_TOKEN": f"{_SLACK_PAGE}, Basic Information, App-Level Tokens, scope connections:write",
    "SLACK_CLIENT_ID": f"{_SLACK_PAGE}, Basic Information, Client ID",
    "SLACK_CLIENT_SECRET": f"{_SLACK_PAGE}, Basic Information, Client Secret",
    "TIKTOK_APP_KEY": f"{_TIKTOK_PAGE}, App key",
    "TIKTOK_APP_SECRET": f"{_TIKTOK_PAGE}, App secret",
    "TIKTOK_SERVICE_ID": f"{_TIKTOK_PAGE}, Service id (it is not the app key)",
    "SHOPIFY_CLIENT_ID": f"{_SHOPIFY_PAGE}, Client ID",
    "SHOPIFY_CLIENT_SECRET": f"{_SHOPIFY_PAGE}, Client secret",
    "SHOPIFY_ADMIN_TOKENS": "Shopify admin of each store, Apps, the custom app, Admin API access token",
}  # fmt: skip


class ConfigError(Exception):
    """A setting is missing or wrong. The text is one line: the variable, what is wrong, where to get it."""

    def __init__(self, variable: str, problem: str = "") -> None:
        """`ConfigError("one whole line")`, or a variable and its problem: where to get it is added."""
        self.variable = variable if problem else ""
        super().__init__(f"{variable} {problem}. Where: {_WHERE.get(variable, _README)}" if problem else variable)


def _refuse(problem: str) -> NoReturn:
    raise ValueError(problem)


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"\s", value):
        _refuse("must be an address that starts with https://")
    return value.rstrip("/")


def _public_address(value: str) -> str:
    address = _web_address(value)
    if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in _LOOPBACK:
        _refuse("must be an https address: Slack, TikTok Shop and Shopify call nothing else")
    return address


def _database(value: str) -> str:
    if not re.match(r"(sqlite|postgres(ql)?(\+psycopg)?):", value):
        _refuse("must start with sqlite:/// or postgresql://")
    return value


def _keys(value: SecretStr) -> SecretStr:
    for key in _listed(value):
        try:
            size = len(base64.urlsafe_b64decode(key))
        except (binascii.Error, ValueError):
            size = 0
        if size != 32:
            _refuse("must be Fernet keys (32 bytes as url-safe base64), separated by commas, newest first")
    return value


def _starts(prefix: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefix):
            _refuse(f"must start with {prefix}")
        return value

    return AfterValidator(check)


def _version(value: str) -> str:
    return value if re.fullmatch(r"\d{4}-\d{2}|unstable", value) else _refuse("must look like 2026-10")


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _store_tokens(value: Any) -> Any:
    """`shop=token,…` as a mapping; a mapping stays."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in value.split(","))):
        shop, _, token = (piece.strip() for piece in part.partition("="))
        if not token:
            _refuse("must be a list like my-store.myshopify.com=shpat_…, separated by commas")
        domain = shop.lower() if "." in shop else f"{shop.lower()}.myshopify.com"
        if not _DOMAIN.fullmatch(domain):
            _refuse("must name each store by its ….myshopify.com domain")
        found[domain] = token
    return found


def _listed(value: SecretStr | None) -> tuple[str, ...]:
    parts = value.get_secret_value().split(",") if value else []
    return tuple(part.strip() for part in parts if part.strip())


Address = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """All settings, frozen. Secrets are `SecretStr`; `repr` and errors never hold one. Made by `Settings.load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        case_sensitive=True,
        str_strip_whitespace=True,
    )

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///linkbot.db", validation_alias="DATABASE_URL", repr=False
    )
    host: str = Field("127.0.0.1", validation_alias="LINKBOT_HOST")
    port: int = Field(3000, ge=0, le=65535, validation_alias="LINKBOT_PORT")
    public_url: Annotated[str, AfterValidator(_public_address)] | None = Field(
        None, validation_alias="LINKBOT_PUBLIC_URL"
    )
    encryption_key: Annotated[SecretStr, AfterValidator(_keys)] | None = Field(
        None, validation_alias="LINKBOT_ENCRYPTION_KEY"
    )
    channel: str | None = Field(None, validation_alias="LINKBOT_CHANNEL")

    slack_bot_token: Annotated[SecretStr, _starts("xoxb-")] | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, validation_alias="SLACK_SIGNING_SECRET")
    slack_app_token: Annotated[SecretStr, _starts("xapp-")] | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    slack_client_id: str | None = Field(None, validation_alias="SLACK_CLIENT_ID")
    slack_client_secret: SecretStr | None = Field(None, validation_alias="SLACK_CLIENT_SECRET")
    slack_base_url: Annotated[Address, AfterValidator(lambda url: f"{url}/")] = Field(
        "https://slack.com/api/", validation_alias="SLACK_BASE_URL"
    )

    tiktok_app_key: str | None = Field(None, validation_alias="TIKTOK_APP_KEY")
    tiktok_app_secret: SecretStr | None = Field(None, validation_alias="TIKTOK_APP_SECRET")
    tiktok_service_id: str | None = Field(None, validation_alias="TIKTOK_SERVICE_ID")
    tiktok_base_url: Address = Field("https://open-api.tiktokglobalshop.com", validation_alias="TIKTOK_BASE_URL")
    tiktok_auth_url: Address = Field("https://auth.tiktok-shops.com", validation_alias="TIKTOK_AUTH_URL")
    tiktok_authorize_url: Address | None = Field(None, validation_alias="TIKTOK_AUTHORIZE_URL")

    shopify_client_id: str | None = Field(None, validation_alias="SHOPIFY_CLIENT_ID")
    shopify_client_secret: SecretStr | None = Field(None, validation_alias="SHOPIFY_CLIENT_SECRET")
    shopify_base_url: Address = Field("https://{shop}", validation_alias="SHOPIFY_BASE_URL")
    shopify_api_version: Annotated[str, AfterValidator(_version)] = Field(
        SHOPIFY_VERSION, validation_alias="SHOPIFY_API_VERSION"
    )
    shopify_admin_tokens: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_store_tokens)] = Field(
        default_factory=dict, validation_alias="SHOPIFY_ADMIN_TOKENS"
    )

    poll_seconds: float = Field(30, ge=1, le=86400, validation_alias="LINKBOT_POLL_SECONDS")
    lease_seconds: float = Field(60, gt=0, le=86400, validation_alias="LINKBOT_LEASE_SECONDS")
    unclear_seconds: float = Field(300, gt=0, le=86400, validation_alias="LINKBOT_UNCLEAR_SECONDS")
    log: Annotated[Literal["debug", "info", "warning"], BeforeValidator(_lower)] = Field(
        "info", validation_alias="LINKBOT_LOG"
    )

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """From the process environment and `.env`, or from `env` alone. Raises ConfigError."""
        try:
            given: dict[str, Any] = {name: value for name, value in (env or {}).items() if value}
            return cls(**given) if env is None else _OnlyGiven(**given)
        except ValidationError as error:
            wrong = _first(error)
        raise wrong  # outside the except: pydantic's error must not ride along in a traceback

    @model_validator(mode="after")
    def _halves(self) -> "Settings":
        """A key without its secret is a forgotten line; better said now than at the first call."""
        for key, secret in (
            ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"),
            ("TIKTOK_APP_KEY", "TIKTOK_APP_SECRET"),
            ("SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET"),
        ):
            has_key, has_secret = (bool(getattr(self, name.lower())) for name in (key, secret))
            if has_key != has_secret:
                there, missing = (key, secret) if has_key else (secret, key)
                raise ValueError(f"{missing} is missing while {there} is set")
        return self

    # What is switched on

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def database_label(self) -> str:
        """The database without user and password: fit for logs and `linkbot check`."""
        if self.is_sqlite:
            return self.database_url
        parts = urlsplit(self.database_url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def several_workspaces(self) -> bool:
        """Tokens come from Slack's OAuth instead of SLACK_BOT_TOKEN."""
        return self.slack_bot_token is None and self.slack_client_id is not None

    @property
    def fernet_keys(self) -> tuple[str, ...]:
        """Newest first; empty when none is set."""
        return _listed(self.encryption_key)

    @property
    def poll_every(self) -> timedelta:
        return timedelta(seconds=self.poll_seconds)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def unclear_after(self) -> timedelta:
        return timedelta(seconds=self.unclear_seconds)

    # Addresses

    def tiktok_authorize(self, market: str = "") -> str:
        """Where the seller of a market (ISO country code, "" = anywhere but the US) consents; without its query."""
        default = _AUTHORIZE_US if market.upper() == "US" else _AUTHORIZE
        return self.tiktok_authorize_url or default

    def shopify_url(self, shop: str) -> str:
        """Base address of a store's domain, without a slash at its end."""
        return self.shopify_base_url.replace("{shop}", shop)

    # What a command needs

    def require_slack(self) -> None:
        """Raises ConfigError unless Slack can be reached and can reach us."""
        if self.slack_bot_token is None and self.slack_client_id is None:
            raise ConfigError("SLACK_BOT_TOKEN", "is missing")
        if not self.socket_mode and self.slack_signing_secret is None:
            raise ConfigError("SLACK_SIGNING_SECRET", "is missing (or set SLACK_APP_TOKEN for Socket Mode)")
        if self.several_workspaces and self.public_url is None:
            raise ConfigError("LINKBOT_PUBLIC_URL", "is missing: Slack's OAuth has to lead back here")

    def require_tiktok(self) -> tuple[str, SecretStr, str]:
        """App key, app secret and service id. Raises ConfigError."""
        key, secret = self.tiktok_app_key, self.tiktok_app_secret
        if key is None or secret is None:
            raise ConfigError("TIKTOK_APP_KEY", "is missing")
        if self.tiktok_service_id is None and self.tiktok_authorize_url is None:
            raise ConfigError("TIKTOK_SERVICE_ID", "is missing")
        return key, secret, self.tiktok_service_id or ""

    def require_shopify(self) -> tuple[str, SecretStr]:
        """Client id and client secret. Raises ConfigError."""
        if self.shopify_client_id is None or self.shopify_client_secret is None:
            raise ConfigError("SHOPIFY_CLIENT_ID", "is missing")
        return self.shopify_client_id, self.shopify_client_secret

    def require_keys(self) -> tuple[str, ...]:
        """Fernet keys, newest first. Raises ConfigError when there is none: no token is stored in the clear."""
        if not self.fernet_keys:
            raise ConfigError("LINKBOT_ENCRYPTION_KEY", "is missing; tokens are only stored encrypted")
        return self.fernet_keys

    def require_public_url(self) -> str:
        if self.public_url is None:
            raise ConfigError("LINKBOT_PUBLIC_URL", "is missing")
        return self.public_url


class _OnlyGiven(Settings):
    """Settings that see neither the process environment nor `.env`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic calls it by name)
        init_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _first(error: ValidationError) -> ConfigError:
    """The first problem in our own words; pydantic's may hold what was typed."""
    found = error.errors(include_url=False, include_context=True, include_input=False)[0]
    variable = str(found["loc"][0]) if found["loc"] else ""
    problem = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "value_error" and not variable:
        variable, _, problem = problem.partition(" ")
    words = {
        "int_parsing": "must be a whole number",
        "float_parsing": "must be a number of seconds",
        "literal_error": "must be debug, info or warning",
    }
    return ConfigError(variable, words.get(found["type"]) or problem.replace("Input should be", "must be"))
