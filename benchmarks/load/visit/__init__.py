"""One visitor: what goes over his websocket, what his page does, and what he sees."""
