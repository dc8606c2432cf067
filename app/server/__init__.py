"""What a deployment needs around the dashboard: settings, health. It knows nothing of models and pages, and
is there before PyTorch is loaded."""

from app.server.serving import Serving as Serving
from app.server.serving import begin as begin
