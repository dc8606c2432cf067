"""What one can choose on the workbench alone: nothing, for all of it is the scene that the pages share."""

from collections.abc import Mapping

from app.state.link import Parameter

PAGE = "workbench"
CHOICES: Mapping[str, Parameter] = {}
