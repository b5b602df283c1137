"""Whatever comes in: Slack listeners by topic, and webhooks. Registration is explicit."""

from bot.handlers.bulk import Bulk
from bot.handlers.commands import Commands
from bot.handlers.connections import Connections
from bot.handlers.control import Control
from bot.handlers.export import Exports
from bot.handlers.guard import Guard
from bot.handlers.health import Health
from bot.handlers.history import History
from bot.handlers.home import Home
from bot.handlers.lifecycle import Lifecycle
from bot.handlers.link import Linking
from bot.handlers.orders import Orders
from bot.handlers.products import Products
from bot.handlers.rights import Rights
from bot.handlers.settings import RightsPage, SettingsPage
from bot.handlers.shortcuts import Shortcuts
from bot.handlers.suggestions import Suggestions
from bot.handlers.undo import Undoing
from bot.store.db import Db
from bot.views.ids import Shortcut

COMMANDS = ("/link",)
EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
SHORTCUTS = tuple(one.value for one in Shortcut)


def register(guard: Guard, db: Db, connections: Connections, control: Control, rights: Rights) -> Commands:
    """Join every listener to the app. Returns the verbs, for help and for tests."""
    products, home, orders = Products(db), Home(db), Orders(db)
    linking = Linking(db, products, home)
    pages = Bulk(db), RightsPage(db, rights, guard), SettingsPage(db, control, guard)
    reads = Health(db), History(db), Exports(db)
    own = Undoing(db, guard, home), Suggestions(db, linking)
    topics = (products, linking, *own, orders, connections, control, *pages, *reads)
    rows = [row for topic in topics for row in topic.commands()]
    commands = Commands(rows, products.bare, linking.words, guard.refused)
    guard.command(COMMANDS[0], commands.run)
    for topic in (*topics, Shortcuts(db, linking), home, Lifecycle(db)):
        topic.register(guard)
    guard.catch_all()
    return commands
