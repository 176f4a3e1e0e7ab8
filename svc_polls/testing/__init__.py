"""Helpers for tests of svc_polls."""
