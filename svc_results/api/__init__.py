"""The HTTP interface of svc_results."""
