"""One process of Linkbot from start to a clean end on SIGTERM."""

import asyncio
import contextlib
import logging
import signal

import uvicorn

from bot.app import build, open_db
from bot.config import Settings

log = logging.getLogger("linkbot")


async def run(settings: Settings, *, work: bool, listen: bool) -> None:
    """Bring the schema up to date, listen and work until SIGINT or SIGTERM; running jobs get time to end.

    Raises DatabaseUnreachable before anything is started.
    """
    db = open_db(settings)
    await asyncio.to_thread(db.ping)
    await asyncio.to_thread(db.upgrade)
    bot = build(settings, db=db)
    await bot.start(work=work, listen=listen)
    _say_how(settings, work, listen)
    server = _server(settings, bot.web) if listen else None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve()) if server else None
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *([serving] if serving else [])], return_when=asyncio.FIRST_COMPLETED)
    if server is not None and serving is not None:
        server.should_exit = True
        await serving
    waiting.cancel()
    await bot.stop()


class _Server(uvicorn.Server):
    """Signals are ours: one stop ends the server and the workers in order."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


def _server(settings: Settings, app: object) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return _Server(config)


def _say_how(settings: Settings, work: bool, listen: bool) -> None:
    if listen:
        log.info("listening on http://%s:%s", settings.host, settings.port)
        log.info("slack: %s", "Socket Mode" if settings.socket_mode else "HTTP")
    if settings.public_url is None:
        log.info("no LINKBOT_PUBLIC_URL: no webhooks; shops and stores are polled every %s s", settings.poll_seconds)
    log.info("database %s, workers %s", settings.database_label, "on" if work else "off")
