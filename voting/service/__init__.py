"""What every service has: settings, readiness, graceful shutdown, logs and metrics."""
