"""Names for what Streamlit does not name."""

from app.widgets.naming.naming import prepare

__all__ = ["prepare"]
