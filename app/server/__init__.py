"""What a deployment needs around the dashboard: settings, sign-in, health. It knows nothing of models and
pages, and is there before PyTorch is."""
