"""Of a request that goes on in what is no HTTP, a bad chunk say, uvicorn tells in one line, and answers 400.
An answer that comes after that cannot be sent, which would be a long traceback for each such request of a
stranger's.
"""

import logging

UVICORNS = "Exception in ASGI application"
"""How uvicorn's message begins."""


def without_broken_requests(record: logging.LogRecord) -> bool:
    """Whether it is to be written."""
    error = record.exc_info[1] if record.exc_info else None
    late = type(error).__name__ == "LocalProtocolError" and "state=MUST_CLOSE" in str(error)
    return not (late and str(record.msg).startswith(UVICORNS))
