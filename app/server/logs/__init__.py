"""What the server writes down: an event a line, on standard error.

An event has a name and plain facts. No puzzle, no link's query and no person's name or address is among them;
the one exception, ``person``, is left out unless the deployment asks for it.
"""

from app.server.logs.events import bound as bound
from app.server.logs.events import event as event
from app.server.logs.events import visitor_id as visitor_id
from app.server.logs.install import install as install
from app.server.logs.settings import LogSettings as LogSettings
from app.server.logs.settings import read as read
