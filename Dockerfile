# The dashboard with its model, for a server that several people share:
#   docker build -t puzzlescope .
#   docker run --rm -p 8501:8501 puzzlescope
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /srv/puzzlescope

# The packages change seldom: a layer of their own. Without a card in sight this takes torch's CPU build.
COPY requirements.txt constraints.txt ./
COPY scripts/bootstrap.py scripts/
RUN PIP_NO_CACHE_DIR=1 python scripts/bootstrap.py

# The code belongs to root and the server runs as somebody else, who cannot change it.
RUN useradd --create-home --uid 10001 puzzlescope
COPY assets assets
COPY interp interp
COPY app app
RUN .venv/bin/python -m app.startup.bundles
USER puzzlescope

# By which names people come, only whoever runs the image knows: -e STREAMLIT_SERVER_ALLOWED_HOSTS="gpu-box localhost".
ENV STREAMLIT_SERVER_ALLOWED_HOSTS=*

EXPOSE 8501

# Any unknown path answers 200 with the page, so only the text "ok" tells that the server is well.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD [".venv/bin/python", "-c", "\
import os, urllib.request; \
base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); \
url = 'http://127.0.0.1:8501/' + (base and base + '/') + '_stcore/health'; \
assert urllib.request.urlopen(url, timeout=4).read() == b'ok'"]

CMD [".venv/bin/python", "-m", "streamlit", "run", "app/main.py", \
     "--server.address=0.0.0.0", "--server.port=8501"]
