"""What svc_results serves over HTTP."""
