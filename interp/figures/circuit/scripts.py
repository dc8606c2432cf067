"""The browser's side of a circuit's picture, which the dashboard and the HTML file share."""

from pathlib import Path

HERE = Path(__file__).parent
GEOMETRY = HERE / "geometry.js"
PANEL = HERE / "panel.js"
TOOLS = HERE / "tools.js"
GRAPH = HERE / "graph.js"
STYLE = HERE / "graph.css"
