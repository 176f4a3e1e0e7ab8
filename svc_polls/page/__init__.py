"""The console: the page with which a show caller opens, closes and releases polls."""
