"""Who may enter: sign-in with an OpenID provider, by the header of a proxy, or with a shared password.

Nothing here knows of pages and models. The pages learn who has come by a header that only the gate writes
(:mod:`app.server.gate.person`).
"""
