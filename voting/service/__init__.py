"""What every service has: settings, readiness, an orderly end, logs and metrics."""
