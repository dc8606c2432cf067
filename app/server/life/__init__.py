"""From the start of the process to its end: what is loaded, who is let in, and how it stops."""

from app.server.life.doors import Doors as Doors
from app.server.life.lifespan import span as span
from app.server.life.scratch import find_scratch as find_scratch
from app.server.life.stopping import at_end as at_end
from app.server.life.stopping import read as read
