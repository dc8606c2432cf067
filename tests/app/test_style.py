"""The style sheet of all pages."""

import re
import tomllib
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
HEX = r"#[0-9a-f]{6}"


def test_the_themes_colours_are_defined_for_all_that_uses_them() -> None:
    """Streamlit defines them within components only: elsewhere one without a definition is no colour."""
    style = (APP / "style.css").read_text()
    theme = tomllib.loads((APP / ".streamlit" / "config.toml").read_text())["theme"]
    given = re.findall(rf"--st-([a-z-]+): light-dark\(({HEX}), ({HEX})\);", style)
    assert {name for name, _, _ in given} >= set(re.findall(r"var\(--st-([a-z-]+)", style))
    for name, *shades in given:
        first, *rest = name.split("-")
        key = first + "".join(word.title() for word in rest)
        assert shades == [theme[scheme][key] for scheme in ("light", "dark")], name
