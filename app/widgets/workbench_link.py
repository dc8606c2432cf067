"""Links that open a scene on the workbench, in the same tab: the browser's Back returns to the page."""

from html import escape


def workbench_link(text: str, query: str, *, style: str = "", title: str = "", folder: str = "./") -> str:
    """The HTML of a link.

    Args:
        text: what it says.
        query: the scene's URL parameters, such as ``puzzle=9a3726a23b&off=L1.attn``.
        style: CSS.
        title: shown on hover.
        folder: where the workbench is, as seen from the page; empty if that is the page.
    """
    attributes = {"href": f"{folder}?{query.removeprefix('?')}", "title": title, "style": style}
    said = " ".join(f'{name}="{escape(one, quote=True)}"' for name, one in attributes.items() if one)
    return f"<a {said}>{escape(text)}</a>"
