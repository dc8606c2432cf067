"""What one can choose on the page of the stories alone: nothing."""

from collections.abc import Mapping

from app.state.link import Parameter
from app.state.sights import Sights

PAGE = "stories"
CHOICES: Mapping[str, Parameter] = {}
SIGHTS: Sights = {}
