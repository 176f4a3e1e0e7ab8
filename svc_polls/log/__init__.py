"""The log of polls as svc_polls uses it: writes events, keeps their history, cuts closed polls."""
