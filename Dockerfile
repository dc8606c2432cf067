# The dashboard with its models, for a team's server. docs/deploy.md says how to run it:
#   docker build -t puzzlescope .                             for the processor
#   docker build -t puzzlescope --build-arg DEVICE=cuda .     for NVIDIA cards
FROM python:3.12-slim

LABEL org.opencontainers.image.title="Puzzlescope" \
      org.opencontainers.image.description="Take a small GPT apart and see what breaks" \
      org.opencontainers.image.licenses="MIT"

# Nothing is written beside the code, whose folder is read-only: what is kept is under /data, the rest under /tmp.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    PUZZLESCOPE_DATA=/data
WORKDIR /srv/puzzlescope

# The packages change seldom: a layer of their own. For "cpu" torch comes in its CPU build, which is smaller by gigabytes.
ARG DEVICE=cpu
COPY requirements.txt constraints.txt ./
COPY scripts/bootstrap.py scripts/
RUN PIP_NO_CACHE_DIR=1 PUZZLESCOPE_DEVICE=$DEVICE python scripts/bootstrap.py

# The code belongs to root, and the server runs as a user who cannot change it.
RUN useradd --uid 10001 --home-dir /tmp --no-create-home puzzlescope \
    && install --directory --owner=puzzlescope --group=puzzlescope --mode=0700 /data
COPY assets assets
COPY interp interp
COPY app app
COPY deploy/puzzlescope deploy/
RUN .venv/bin/python -m app.startup.bundles && .venv/bin/python -m compileall -q app interp \
    && ln -s /srv/puzzlescope/deploy/puzzlescope /usr/local/bin/
VOLUME /data
USER 10001:10001

EXPOSE 8501
STOPSIGNAL SIGTERM

# Ready, not only alive: a server whose model cannot be loaded is shown as unhealthy. It does not turn unready by having
# many visitors, so what restarts unhealthy containers may go by this, too.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s \
    CMD [".venv/bin/python", "-m", "app.startup.check", "/ready"]

# It listens on all addresses of the container, so it wants to be told who may enter.
CMD [".venv/bin/python", "-m", "app.startup.command", "run", "--address=0.0.0.0", "--port=8501"]
